/** An account's own settings must not change what is printed, nor go past xcatd. */
const PLAIN_ANSWERS = 'unset XCATBYPASS XCATSHOWXML XCATSHOWSVR';

/** Shell function `working NODE`: prints the processes of xcatd that carry out a command which changes this node. A client that was killed does not end them. */
const WORKING = `
working() {
  ps -eo args= | awk -v node="$1" '
    $1 == "xcatd" && $2 == "SSL:" && $3 ~ /^(rpower|nodeset|rinstall|imgcapture)$/ && $4 == "to" {
      count = split($5, nodes, ",")
      for (i = 1; i <= count; i++) if (nodes[i] == node) print $3 " to " node
    }'
}`;

/** Shell function `fenced RECORD OWNER EPOCH`: refuses an epoch below the highest that acted on the node, and keeps a higher one. */
const FENCED = `
fenced() {
  seen=-1
  if [ -s "$1" ]; then seen=$(sed -n 's/.*"epoch":\\([0-9][0-9]*\\)}$/\\1/p' "$1"); fi
  [ "$3" -ge "\${seen:--1}" ] || { echo 'imprint: a later attempt or run has taken over' >&2; exit 76; }
  if [ "$3" -gt "\${seen:--1}" ]; then
    printf '{"owner":%s,"epoch":%s}\\n' "$2" "$3" >"$1.tmp" && mv -fT -- "$1.tmp" "$1"
  fi
}`;

/**
 * Runs one client command while no other command of ours is about the same node on this host, whoever started it: the client itself holds the lock, so that
 * one which outlives its caller keeps the next one waiting. Without a standard input, on which a client can hang; ended at its limit.
 * Arguments: lock, seconds to wait for it, limit, node, what it does (`reads`, `acts`), owner as JSON, epoch (both empty without a fence), command.
 */
export const LOCKED_COMMAND = `set -u
umask 077
${PLAIN_ANSWERS}
lock=$1 wait=$2 limit=$3 node=$4 manner=$5 owner=$6 epoch=$7
shift 7
${WORKING}
${FENCED}
mkdir -p -- "\${lock%/*}" || exit 76
exec 9>>"$lock" || exit 76
flock -w "$wait" 9 || { echo "imprint: the lock of $node stayed busy" >&2; exit 75; }
if [ "$manner" = acts ]; then
  busy=$(working "$node")
  [ -z "$busy" ] || { echo "imprint: xcatd still works: $busy" >&2; exit 75; }
  [ -z "$epoch" ] || fenced "$lock.owner.json" "$owner" "$epoch"
fi
[ -x "$1" ] || { echo "$1: ENOENT" >&2; exit 127; }
timeout -k 10 "$limit" "$@" </dev/null`;

/**
 * The same for a capture, which takes minutes and runs as a job: it waits until xcatd has ended an earlier one, and removes what that has left, before it
 * begins. Arguments: lock, limit, node, where the captured tree lies, directory of xCAT's temporary files, command.
 */
export const CAPTURE_JOB = `set -u
umask 022
${PLAIN_ANSWERS}
lock=$1 limit=$2 node=$3 tree=$4 temporary=$5
shift 5
${WORKING}
mkdir -p -- "\${lock%/*}" || exit 76
exec 9>>"$lock" || exit 76
flock -w "$limit" 9 || { echo "imprint: the lock of $node stayed busy" >&2; exit 75; }
waited=0
while [ -n "$(working "$node")" ]; do
  [ "$waited" -lt "$limit" ] || { echo "imprint: xcatd still works: $(working "$node")" >&2; exit 75; }
  waited=$((waited + 1))
  sleep 1
done
for left in "$temporary"/xcat_imgcapture.*; do
  pid=\${left##*.}
  case $pid in ''|*[!0-9]*) continue ;; esac
  [ -e "/proc/$pid" ] || rm -rf -- "$left"
done
rm -rf -- "$tree"
timeout -k 10 "$limit" "$@" </dev/null`;

/** Prints what xcatd still does with the node. Arguments: node. */
export const STILL_WORKING = `set -u
${WORKING}
working "$1"`;

/** Removes temporary files of captures whose process is gone, and the captured tree. Arguments: tree, directory of xCAT's temporary files. */
export const REMOVE_CAPTURED = `set -u
tree=$1 temporary=$2
for left in "$temporary"/xcat_imgcapture.*; do
  pid=\${left##*.}
  case $pid in ''|*[!0-9]*) continue ;; esac
  [ -e "/proc/$pid" ] || rm -rf -- "$left"
done
rm -rf -- "$tree"`;
