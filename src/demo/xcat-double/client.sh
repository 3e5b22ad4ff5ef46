#!/bin/bash
# A double of xCAT's client commands, printing what xCAT 2.19 was seen to print. It is called under the name of a command, and asks daemon.sh, as the clients ask xcatd.
# A fault is a line `name [times]` in faults/VERB or faults/VERB.NODE.
set -u
verb=${0##*/}
home=$(cd "$(dirname "$0")/.." && pwd)
. "$home/double/state.sh"

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

node=${1:-}
printf '%s %s\n' "$verb" "$*" >>"$state/log"
[ -z "${XCATBYPASS:-}" ] || echo "$verb" >>"$state/bypassed"
due=$(fault "$verb" "$node")
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
    say "warning: the client certificates under /root/.xcat/ are not setup correctly, please run '/opt/xcat/share/xcat/scripts/setup-local-client.sh root' as 'root' to generate the client certificates; otherwise, the SSL connection between xcat client and xcatd will be setup without certificate verification and open to Man-In-The-Middle attacks."
    complain 'Error: Permission denied for request'; exit 1 ;;
  silent) exit 0 ;;
  usage) say "$node: Please enter an action (eg: boot,off,on, etc) when using mgt=ipmi."; exit 1 ;;
  badcode) complain "BADCODE: [$host]: Error: Not present"; exit 1 ;;
  ended) complain 'ERROR/WARNING: communication with the xCAT server seems to have been ended prematurely'; exit 1 ;;
  timeout) complain "$node: [$host]: Error: ERROR: timeout"; exit 1 ;;
  # A client whose standard input stays open can hang until it ends.
  reads-input) cat >/dev/null ;;
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
(setsid env -u IMPRINT_JOB -u IMPRINT_JOB_DIRECTORY bash -c 'exec -a "$1" bash "${@:2}"' - "xcatd SSL: $verb to $node" \
  "$home/double/daemon.sh" "$verb" "$answer" "$due" "$@" </dev/null >/dev/null 2>&1 9>&-) &
# Asked to end, the client takes its request back and leaves with 0, two seconds later and without a word.
give_up() {
  pkill -KILL -f -- "/daemon.sh $verb $answer " || true
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
