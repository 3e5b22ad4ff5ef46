#!/bin/bash
# A double of xCAT's client commands and of the xcatd behind them, printing what xCAT 2.19 was seen to print. It is called under the name of a command;
# all that it knows lies as files in ../state:
#   nodes/N/{power,boot,mgt,bmc,profile,osimage,driver}  images/I/{osvers,osarch,profile,rootimgdir}  delay/VERB  faults/VERB  log  overlaps
# A fault is a line `name [times]` in faults/VERB or faults/VERB.NODE.
set -u
verb=${0##*/}
home=$(cd "$(dirname "$0")/.." && pwd)
state=$home/state
self=$home/double/client.sh
machine=$home/double/machine.sh
host=vm

node_file() { cat "$state/nodes/$1/$2" 2>/dev/null; }
set_node() { printf '%s' "$3" >"$state/nodes/$1/$2.new.$$" && mv -f "$state/nodes/$1/$2.new.$$" "$state/nodes/$1/$2"; }
say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# fault VERB NODE: prints the name of the fault that is due, and counts it.
fault() {
  local file name times
  for file in "$state/faults/$1.$2" "$state/faults/$1"; do
    [ -s "$file" ] || continue
    read -r name times <"$file"
    if [ -n "${times:-}" ]; then
      if [ "$times" -gt 1 ]; then printf '%s %s\n' "$name" $((times - 1)) >"$file"; else rm -f "$file"; fi
    fi
    printf '%s' "$name"
    return
  done
}

# What the daemon answers for one node. Exits with its share of the status.
rpower_node() {
  local node=$1 action=${2:-} power
  look "$node"
  power=$(node_file "$node" power)
  case $(node_file "$node" bmc) in
    down) sleep "$(cat "$state/delay/bmc" 2>/dev/null || echo 0)"; complain "$node: [$host]: Error: ERROR: timeout"; return 1 ;;
    password) complain "$node: [$host]: Error: ERROR: Incorrect password provided"; return 1 ;;
    user) complain "$node: [$host]: Error: ERROR: Unauthorized name"; return 1 ;;
    unresolved) complain "$node: [$host]: Error: Could not resolve nosuchbmc to an address"; return 1 ;;
  esac
  [ -n "$(node_file "$node" mgt)" ] || {
    complain "$node: [$host]: Error: Unable to identify plugin for this command, check relevant tables: nodehm.power,mgt;nodehm.mgt"
    return 1
  }
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

# What a real machine has become meanwhile; the double of one changes by nothing else than power.
look() { [ ! -x "$state/nodes/$1/driver" ] || "$machine" "$state" "$1" look; }

turn() { [ "${dropped:-}" = yes ] || "$machine" "$state" "$1" "$2"; }

boot_words() { # NODE osimage: os-arch-profile, not the image's name
  local image=$state/images/$1
  printf 'netboot %s-%s-%s' "$(cat "$image/osvers")" "$(cat "$image/osarch")" "$(cat "$image/profile")"
}

nodeset_node() {
  local node=$1 target=${2:-}
  case $target in
    stat) say "$node: $(node_file "$node" boot)" ;;
    boot | offline) set_node "$node" boot "$target"; say "$node: $target" ;;
    osimage=*)
      local image=${target#osimage=}
      [ -d "$state/images/$image" ] || { complain "Error: [$host]: Cannot find the OS image $image in the osimage table."; return 1; }
      if [ -e "$state/images/$image/unbuilt" ]; then
        complain "$node: [$host]: Error: Did you run \"genimage\" before running \"packimage\"? kernel cannot be found at $(cat "$state/images/$image/rootimgdir")/kernel on $host"
        complain "Error: [$host]: Failed to generate xnba configurations for some node(s) on $host. Check xCAT log file for more details."
        return 1
      fi
      set_node "$node" osimage "$image"
      # xCAT writes what the osimage says over the attributes of the node.
      set_node "$node" provmethod "$image"
      set_node "$node" profile "$(cat "$state/images/$image/profile")"
      set_node "$node" os "$(cat "$state/images/$image/osvers")"
      set_node "$node" arch "$(cat "$state/images/$image/osarch")"
      set_node "$node" boot "$(boot_words "$image")"
      say "$node: $(boot_words "$image")"
      [ -e "$state/nodes/$node/serialport" ] || complain "Warning: [$host]: rcons may not work since no serialport is specified for $node"
      ;;
    install | netboot | statelite)
      if grep -qx -- "$target" "$state/taught" 2>/dev/null; then set_node "$node" boot "$target"; say "$node: $target"; return 0; fi
      complain "Error: [$host]: The options \"install\", \"netboot\", and \"statelite\" have been deprecated, use \"osimage=<osimage_name>\" instead."
      return 1 ;;
    shell) complain "Error: [$host]: Could not find genesis.kernel.x86_64 or legacy nbk.x86_64 files"; return 1 ;;
    *)
      # What the site has taught nodeset, in stock xCAT nothing.
      if grep -qx -- "$target" "$state/taught" 2>/dev/null; then set_node "$node" boot "$target"; say "$node: $target"; return 0; fi
      complain "Error: [$host]: Unknown state $target requested"; return 1 ;;
  esac
}

nodestat_node() {
  local stage
  look "$1"
  stage=$(node_file "$1" stage)
  [ "$(node_file "$1" power)" = on ] || stage=noping
  [ "$stage" != ping ] || stage=$(node_file "$1" boot)
  say "$1: ${stage:-noping}"
}

imgcapture_node() {
  local node=$1 image='' status
  shift
  while [ $# -gt 0 ]; do case $1 in -o) image=$2; shift ;; esac; shift; done
  [ -d "$state/images/$image" ] || { complain "Error: [$host]: Cannot find $image from the osimage table."; return 1; }
  if [ "$(node_file "$node" osvers)" != "$(cat "$state/images/$image/osvers")" ]; then
    complain "Error: [$host]: The 'osvers' or 'osarch' attribute of the \"$image\" table doesn't match the node's attribute"; return 1
  fi
  [ "$(node_file "$node" power)" = on ] && [ "$(node_file "$node" stage)" = sshd ] ||
    { complain "Error: [$host]: The \"xdsh\" command fails to run on the $node"; return 1; }
  local directory temporary
  directory=$(cat "$state/images/$image/rootimgdir")
  temporary=$state/tmp/xcat_imgcapture.$$
  say "Capturing image on $node..."
  mkdir -p "$temporary" "$directory/rootimg"
  cp -a "$state/nodes/$node/root/." "$temporary/"
  pause imgcapture
  say "Transfering the image captured on $node back..."
  if [ "${failing:-}" = genimage ]; then complain "Error: [$host]: Can't run the \"genimage\" command for $(node_file "$node" osvers)"; return 1; fi
  cp -a "$temporary/." "$directory/rootimg/"
  rm -rf "$temporary"
  say 'Generating kernel and initial ramdisks...'
  say kernel >"$directory/kernel"; say initrd >"$directory/initrd-stateless.gz"
  say 'Done.'
}

# Slow on purpose, in one place, so that a test can kill the client meanwhile.
pause() { [ -s "$state/delay/$1" ] && sleep "$(cat "$state/delay/$1")"; return 0; }

attributes_of() { # NODE NAMES
  local name
  for name in ${2//,/ }; do printf '%s: %s=%s\n' "$1" "$name" "$(node_file "$1" "$name")"; done
}

lsdef_client() {
  local type=node object='' names='' compact=no
  while [ $# -gt 0 ]; do
    case $1 in -t) type=$2; shift ;; -o) object=$2; shift ;; -i) names=$2; shift ;; -c) compact=yes ;; *) object=$1 ;; esac
    shift
  done
  if [ -z "$object" ]; then (cd "$state/nodes" && for node in *; do say "$node  (node)"; done); return 0; fi
  local folder=$state/nodes rc=0 seen=no one
  [ "$type" = node ] || folder=$state/images
  for one in ${object//,/ }; do
    if [ ! -d "$folder/$one" ]; then complain "Error: [$host]: Could not find an object named '$one' of type '$type'."; rc=1; continue; fi
    seen=yes
    if [ "$compact" = yes ]; then
      local name
      for name in ${names//,/ }; do printf '%s: %s=%s\n' "$one" "$name" "$(cat "$folder/$one/$name" 2>/dev/null)"; done
    else
      say "Object name: $one"
      local file
      for file in "$folder/$one"/*; do [ -f "$file" ] && printf '    %s=%s\n' "${file##*/}" "$(cat "$file")"; done
    fi
  done
  [ "$seen" = yes ] || say 'No object definitions have been found'
  return $rc
}

chdef_client() {
  local node='' pair
  for pair; do
    case $pair in
      *=*) set_node "$node" "${pair%%=*}" "${pair#*=}" ;;
      *) node=$pair; [ -d "$state/nodes/$node" ] || { complain "Error: [$host]: Could not find an object named '$node' of type 'node'."; return 1; } ;;
    esac
  done
  say '1 object definitions have been created or modified.'
}

rinstall_client() {
  local range=$1 target=${2:-osimage} node rc=0 failed=''
  for node in ${range//,/ }; do
    [ "$target" = osimage ] || nodeset_node "$node" "$target" >/dev/null 2>&1 || { nodeset_node "$node" "$target"; return 1; }
  done
  say "Provision node(s): ${range//,/ }"
  for node in ${range//,/ }; do
    if [ "$(node_file "$node" bmc)" = down ]; then
      sleep "$(cat "$state/delay/bmc" 2>/dev/null || echo 0)"
      say "$node: ERROR: timeout"; failed="$failed${failed:+,}$node"; rc=1
    else
      [ "${range#*,}" = "$range" ] || say "$node: Network"
      if [ "$(node_file "$node" power)" = on ]; then turn "$node" reset; else turn "$node" on; fi
    fi
  done
  [ -z "$failed" ] || complain "Error: [$host]: Failed to run 'rsetboot' against the following nodes: $failed"
  return $rc
}

packimage_client() {
  local directory
  [ -d "$state/images/$1" ] || { complain "Error: [$host]: Cannot find image '$1' from the osimage table."; return 1; }
  directory=$(cat "$state/images/$1/rootimgdir")
  say "Packing contents of $directory/rootimg"
  tar -C "$directory/rootimg" -czf "$directory/rootimg.cpio.gz" .
}

# The daemon's answer to a whole command.
serve() {
  local rc=0 node range=${1:-}
  case $verb in
    lsdef) lsdef_client "$@"; return ;;
    chdef) chdef_client "$@"; return ;;
    packimage) packimage_client "$@"; return ;;
  esac
  [ $# -gt 0 ] || { say "Usage: $verb <noderange> ..."; return 0; }
  [ -n "$range" ] || return 0
  for node in ${range//,/ }; do
    [ -d "$state/nodes/$node" ] || { complain "Error: Invalid nodes and/or groups in noderange: $node"; return 1; }
  done
  shift
  [ "$verb" != rinstall ] || { rinstall_client "$range" "$@"; return; }
  [ "${order:-}" != reversed ] || range=$(printf '%s\n' "$range" | tr , '\n' | tac | tr '\n' ,)
  for node in ${range//,/ }; do
    if [ "${verbose:-}" = yes ]; then "${verb}_node" "$node" "$@" 2>&1 | sed "s/^$node: /$node: [$host]: /"; else "${verb}_node" "$node" "$@" || rc=1; fi
  done
  return $rc
}

if [ "${1:-}" = --serve ]; then
  verb=$2 answer=$3 dropped=$4 failing=$5 order=$6 verbose=$7
  shift 7
  pause "$verb"
  serve "$@" >"$answer/out" 2>"$answer/err"
  echo $? >"$answer/rc.new" && mv "$answer/rc.new" "$answer/rc"
  # A client that is gone reads nothing any more.
  [ -e "/proc/$(cat "$answer/client")" ] || { rm -rf "$answer"; rmdir "$state/running/${1:-}" 2>/dev/null; }
  exit 0
fi

node=${1:-}
printf '%s %s\n' "$verb" "$*" >>"$state/log"
[ -z "${XCATBYPASS:-}" ] || echo "$verb" >>"$state/bypassed"
due=$(fault "$verb" "$node")
dropped=no failing='' order='' verbose=''
case $due in
  daemon-stopped)
    say 'Unable to open socket connection to xcatd daemon on localhost:3001.'
    say 'Verify that the xcatd daemon is running and that your SSL setup is correct.'
    complain 'Connection failure: IO::Socket::INET: connect: Connection refused at /opt/xcat/lib/perl/xCAT/Client.pm line 248.'
    exit 111 ;;
  bad-hostname)
    say 'Unable to open socket connection to xcatd daemon on nosuchhost:3001.'
    say 'Verify that the xcatd daemon is running and that your SSL setup is correct.'
    complain "Connection failure: IO::Socket::INET: Bad hostname 'nosuchhost:3001' at /opt/xcat/lib/perl/xCAT/Client.pm line 248."
    exit 22 ;;
  denied) complain 'Error: Permission denied for request'; exit 1 ;;
  no-certificates)
    say 'warning: the client certificates under /root/.xcat/ are not setup correctly, please run the command /opt/xcat/share/xcat/scripts/setup-local-client.sh as root to regenerate the client certificates;'
    complain 'Error: Permission denied for request'; exit 1 ;;
  silent) exit 0 ;;
  usage) say "$node: Please enter an action (eg: boot,off,on, etc) when using mgt=ipmi."; exit 1 ;;
  badcode) complain "BADCODE: [$host]: Error: Not present"; exit 1 ;;
  ended) complain 'ERROR/WARNING: communication with the xCAT server seems to have been ended prematurely'; exit 1 ;;
  timeout) complain "$node: [$host]: Error: ERROR: timeout"; exit 1 ;;
  drop) dropped=yes ;;
  # A client whose standard input stays open can hang until it ends.
  reads-input) cat >/dev/null ;;
  genimage) failing=genimage ;;
  reversed) order=reversed ;;
  verbose) verbose=yes ;;
esac

# Two commands at once about one node race in a real xCAT; here they are written down.
mkdir -p "$state/running"
if ! mkdir "$state/running/$node" 2>/dev/null; then
  printf '%s %s\n' "$verb" "$*" >>"$state/overlaps"
  if [ "$verb" = nodeset ]; then complain "$node: [$host]: Error: OS image name must be specified in nodetype.provmethod"; exit 1; fi
fi
answer=$(mktemp -d "$state/answer.XXXXXX")
echo $$ >"$answer/client"
# The real xcatd is no child of the client, so no job of the client finds it.
(setsid env -u IMPRINT_JOB -u IMPRINT_JOB_DIRECTORY bash -c 'exec -a "$1" bash "$2" "${@:3}"' - "xcatd SSL: $verb to $node" "$self" \
  --serve "$verb" "$answer" "$dropped" "$failing" "$order" "$verbose" "$@" </dev/null >/dev/null 2>&1 9>&-) &
# Asked to end, the client takes its request back and leaves with 0, two seconds later and without a word.
give_up() {
  pkill -KILL -f -- "--serve $verb $answer " || true
  rmdir "$state/running/$node" 2>/dev/null
  rm -rf "$answer"
  sleep "$(cat "$state/delay/farewell" 2>/dev/null || echo 2)"
  exit 0
}
trap give_up TERM INT
while [ ! -e "$answer/rc" ]; do sleep 0.02 & wait $!; done
rmdir "$state/running/$node" 2>/dev/null
cat "$answer/out"
cat "$answer/err" >&2
rc=$(cat "$answer/rc")
rm -rf "$answer"
case $due in
  ended-done) complain 'ERROR/WARNING: communication with the xCAT server seems to have been ended prematurely'; exit 1 ;;
  dhcp) complain "Error: [$host]: dhcp server is not running.  please start the dhcp server."; exit 1 ;;
  no-dhcp) complain "Error: [$host]: The selected DHCP backend 'isc' is not available on this system."; exit 1 ;;
esac
exit "$rc"
