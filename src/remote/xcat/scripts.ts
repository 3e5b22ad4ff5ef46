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

/** Shell function `capturing`: the captures of any node. xcatd does not show into which osimage they go. */
const CAPTURING = `
capturing() {
  ps -eo args= | awk '$1 == "xcatd" && $2 == "SSL:" && $3 == "imgcapture" && $4 == "to" { print $3 " to " $5 }'
}`;

/** Names, beside the tree of an osimage, of the run that fills it, and of the one that has filled it. */
const FILLING = '.imprint-filling';
const OWNER = '.imprint-owner';

/** Name, beside the tree, of the revision that a load has put there. */
export const REVISION = '.imprint-revision';

/** Name, beside the tree, of the checksums of what was packed of it then. */
export const PACKED = '.imprint-packed';

/** Says of the osimage in `$directory` that nothing whole is in it. */
export const CLEAR_MARKS = `rm -f -- "$directory/${FILLING}" "$directory/${OWNER}" "$directory/${REVISION}" "$directory/${PACKED}"`;

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
 * The same for a capture, which takes minutes and runs as a job: it waits until xcatd has ended all earlier ones, since any of them may fill the same tree,
 * and removes what they have left, before it begins. The run that fills the tree is written beside it, and that it has filled it after `Done.` alone.
 * Arguments: lock, limit, node, where the captured tree lies, directory of xCAT's temporary files, owner, command.
 */
export const CAPTURE_JOB = `set -u
umask 022
${PLAIN_ANSWERS}
lock=$1 limit=$2 node=$3 tree=$4 temporary=$5 owner=$6
directory=\${tree%/*}
shift 6
${CAPTURING}
mkdir -p -- "\${lock%/*}" || exit 76
exec 9>>"$lock" || exit 76
flock -w "$limit" 9 || { echo "imprint: the lock of $node stayed busy" >&2; exit 75; }
waited=0
while [ -n "$(capturing)" ]; do
  [ "$waited" -lt "$limit" ] || { echo "imprint: xcatd still works: $(capturing)" >&2; exit 75; }
  waited=$((waited + 1))
  sleep 1
done
for left in "$temporary"/xcat_imgcapture.*; do
  pid=\${left##*.}
  case $pid in ''|*[!0-9]*) continue ;; esac
  [ -e "/proc/$pid" ] || rm -rf -- "$left"
done
${CLEAR_MARKS}
rm -rf -- "$tree"
printf '%s\\n' "$owner" >"$directory/${FILLING}" || exit 76
said=$(timeout -k 10 "$limit" "$@" </dev/null)
status=$?
[ -z "$said" ] || printf '%s\\n' "$said"
if [ "$status" -eq 0 ] && [ "$(printf '%s\\n' "$said" | tail -n 1 | tr -d '[:space:]')" = Done. ]; then
  mv -fT -- "$directory/${FILLING}" "$directory/${OWNER}" || exit 76
fi
exit "$status"`;

/** Prints what xcatd still does with the node. Arguments: node. */
export const STILL_WORKING = `set -u
${WORKING}
working "$1"`;

/**
 * Removes temporary files of captures whose process is gone, and the tree that this run has filled or begun to fill, with the kernel and the initial
 * ramdisks that its imgcapture has made; prints what was done with it. A tree of another run stays, and so does one whose lock is held: whoever holds it
 * replaces the tree. So do older ramdisks, which nodes may boot with what was packed before. Arguments: lock, tree, directory of xCAT's temporary files, owner.
 */
export const REMOVE_CAPTURED = `set -u
lock=$1 tree=$2 temporary=$3 owner=$4
directory=\${tree%/*}
mkdir -p -- "\${lock%/*}" || exit 76
exec 9>>"$lock" || exit 76
flock -w 30 9 || { echo busy; exit 0; }
for left in "$temporary"/xcat_imgcapture.*; do
  pid=\${left##*.}
  case $pid in ''|*[!0-9]*) continue ;; esac
  [ -e "/proc/$pid" ] || rm -rf -- "$left"
done
for mark in "$directory/${FILLING}" "$directory/${OWNER}"; do
  [ "$(cat -- "$mark" 2>/dev/null)" = "$owner" ] || continue
  rm -rf -- "$tree" || exit 76
  find "$directory" -maxdepth 1 -type f '(' -name kernel -o -name 'initrd*' ')' -newer "$mark" -delete
  rm -f -- "$mark"
  echo removed
  exit 0
done
echo another`;

/**
 * Packs what imgcapture has brought, with kernel and initial ramdisks, where this run has filled the tree, and nobody fills it meanwhile.
 * Arguments: lock, directory of the osimage, target, owner.
 */
export const PACK_CAPTURED = `set -eu
lock=$1 directory=$2 target=$3 owner=$4
mkdir -p -- "\${lock%/*}"
exec 9>>"$lock"
flock -w 21600 9
[ "$(cat -- "$directory/${OWNER}" 2>/dev/null)" = "$owner" ] || { echo "another capture has filled $directory" >&2; exit 3; }
cd -- "$directory"
set -- rootimg
for file in kernel initrd*; do [ ! -f "$file" ] || set -- "$@" "$file"; done
rm -f -- "$target.part"
tar --create --gzip --numeric-owner --xattrs --acls --file "$target.part" -- "$@"
sync -- "$target.part"
mv -fT -- "$target.part" "$target"`;
