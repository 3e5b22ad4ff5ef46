#!/bin/bash
# The xcatd behind client.sh: works at one command and writes what it answers. Arguments: verb, directory of the answer, the fault that is due or '',
# then those of the command.
set -u
home=$(cd "$(dirname "$0")/.." && pwd)
for part in state power boot-target images definitions; do . "$home/double/$part.sh"; done
verb=$1 answer=$2 due=$3
shift 3

usage() {
  case $verb in
    rpower) say 'Usage: rpower <noderange> [on|onstandby|off|suspend|stat|state|reset|boot]' ;;
    *) say "Usage: $verb <noderange> ..." ;;
  esac
}

# Takes -V from wherever it stands into `verbose`, and leaves the others in `rest`.
read_verbose() {
  local one
  verbose=no rest=()
  [ "$due" != verbose ] || verbose=yes
  for one; do
    if [ "$one" = -V ]; then verbose=yes; else rest+=("$one"); fi
  done
}

# About one node; verbosely each line says whose word it is.
serve_node() {
  if [ "$verbose" = no ]; then "${verb}_node" "$@"; return; fi
  "${verb}_node" "$@" | sed "s/^$1: /$1: [$host]: /"
  return "${PIPESTATUS[0]}"
}

# The answer to a whole command; its status is that of all nodes together.
serve() {
  local rc=0 node range=${1:-}
  case $verb in lsdef | mkdef | chdef | tabdump | lsxcatd | packimage) "${verb}_command" "$@"; return ;; esac
  [ $# -gt 0 ] || { usage; return 0; }
  [ -n "$range" ] || return 0
  for node in ${range//,/ }; do
    [ -d "$state/nodes/$node" ] || { complain "Error: Invalid nodes and/or groups in noderange: $node"; return 1; }
  done
  shift
  [ "$verb" != rinstall ] || { rinstall_command "$range" "$@"; return; }
  [ "$due" != reversed ] || range=$(printf '%s\n' "$range" | tr , '\n' | tac | tr '\n' ,)
  for node in ${range//,/ }; do serve_node "$node" "$@" || rc=1; done
  return $rc
}

pause "$verb"
read_verbose "$@"
serve "${rest[@]}" >"$answer/out" 2>"$answer/err"
echo $? >"$answer/rc.new" && mv "$answer/rc.new" "$answer/rc"
# A client that is gone reads nothing any more.
[ -e "/proc/$(cat "$answer/client")" ] || { rm -rf "$answer"; rmdir "$state/running/${1:-}" 2>/dev/null; }
exit 0
