# Commands about a node's power and what it boots from at its BMC: rpower, rsetboot, rinstall, nodestat.

# What a real machine has become meanwhile; the double of one changes by nothing else than power.
look() { [ ! -x "$state/nodes/$1/driver" ] || "$machine" "$state" "$1" look; }

turn() { [ "$due" = drop ] || "$machine" "$state" "$1" "$2"; }

# Whether the node's BMC can be spoken to; says why it cannot.
reach_bmc() {
  case $(node_file "$1" bmc) in
    down) pause bmc; complain "$1: [$host]: Error: ERROR: timeout"; return 1 ;;
    password) complain "$1: [$host]: Error: ERROR: Incorrect password provided"; return 1 ;;
    user) complain "$1: [$host]: Error: ERROR: Unauthorized name"; return 1 ;;
    unresolved) complain "$1: [$host]: Error: Could not resolve nosuchbmc to an address"; return 1 ;;
  esac
  [ -n "$(node_file "$1" mgt)" ] || {
    complain "$1: [$host]: Error: Unable to identify plugin for this command, check relevant tables: nodehm.power,mgt;nodehm.mgt"
    return 1
  }
}

rpower_node() {
  local node=$1 action=${2:-} power
  look "$node"
  power=$(node_file "$node" power)
  reach_bmc "$node" || return 1
  case $action in
    stat | state | status) say "$node: $power" ;;
    on) turn "$node" on; say "$node: on" ;;
    off) turn "$node" off; say "$node: off" ;;
    softoff) turn "$node" softoff; say "$node: softoff" ;;
    reset) [ "$power" != on ] || turn "$node" reset; say "$node: reset" ;;
    cycle) turn "$node" reset; say "$node: cycle" ;;
    boot)
      if [ "$power" = on ]; then turn "$node" reset; say "$node: reset"; else turn "$node" on; say "$node: on"; fi ;;
    suspend) complain "$node: [$host]: Error: System is off, cannot be suspended"; return 1 ;;
    wake) complain "$node: [$host]: Error: Invalid or unsupported command"; return 1 ;;
    '') say "$node: Please enter an action (eg: boot,off,on, etc) when using mgt=ipmi."; return 1 ;;
    *) say "$node: Error: Unsupported command: rpower $action when using mgt=ipmi."; return 1 ;;
  esac
}

# What the double's machine boots is decided by nodeset alone, as on a site where every node asks the network first.
rsetboot_node() {
  local node=$1 device=${2:-}
  reach_bmc "$node" || return 1
  case $device in
    net) set_node "$node" bootdevice Network ;;
    hd) set_node "$node" bootdevice 'Hard Drive' ;;
    stat) ;;
    *) complain "$node: [$host]: Error: unsupported command setboot $device"; return 1 ;;
  esac
  device=$(node_file "$node" bootdevice)
  say "$node: ${device:-boot override inactive}"
}

rinstall_command() {
  local range=$1 target=${2:-osimage} node rc=0 failed=''
  for node in ${range//,/ }; do
    [ "$target" = osimage ] || nodeset_node "$node" "$target" >/dev/null 2>&1 || { nodeset_node "$node" "$target"; return 1; }
  done
  say "Provision node(s): ${range//,/ }"
  for node in ${range//,/ }; do
    if [ "$(node_file "$node" bmc)" = down ]; then
      pause bmc
      say "$node: ERROR: timeout"; failed="$failed${failed:+,}$node"; rc=1
    else
      set_node "$node" bootdevice Network
      [ "${range#*,}" = "$range" ] || say "$node: Network"
      install_now "$node"
    fi
  done
  [ -z "$failed" ] || complain "Error: [$host]: Failed to run 'rsetboot' against the following nodes: $failed"
  return $rc
}

install_now() {
  local word=on
  [ "$(node_file "$1" power)" != on ] || word=reset
  turn "$1" "$word"
  [ "$verbose" = no ] || say "[$host]: $1: $word"
}

# With -p the power of a node that does not answer.
nodestat_node() {
  local node=$1 stage
  look "$node"
  stage=$(node_file "$node" stage)
  [ "$(node_file "$node" power)" = on ] || stage=noping
  [ "$stage" != ping ] || stage=$(node_file "$node" boot)
  stage=${stage:-noping}
  if [ "$stage" = noping ] && [ "${2:-}" = -p ]; then stage="noping($(node_file "$node" power))"; fi
  say "$node: $stage"
}
