import { FENCE, FILES, REPORT, STATE, refusals } from './job-script-parts.ts';

/**
 * Becomes `<directory>/runner`. It holds the lock that it inherits until it has recorded itself: whoever gets the lock and finds no
 * `process` knows that nothing was begun. Room is kept for how it ends: a job that has filled its disk could not say so otherwise, and
 * would be taken for lost. Parameter: the umask of whoever started it.
 */
export const JOB_RUNNER = `set -eu
umask 077
directory=$IMPRINT_JOB_DIRECTORY
cd /
${FILES}
in_room() {
  printf '%s' "$2" | dd of="$directory/$1.room" conv=notrunc,fsync 2>/dev/null
  mv -f "$directory/$1.room" "$directory/$1"
}
load_stat $$
for room in exit error; do printf '%200s\\n' '' | cat >"$directory/$room.room"; flush "$directory/$room.room"; done
put "$directory/process" "$$ $began $(cat /proc/sys/kernel/random/boot_id) $(now)"
exec 9>&-
umask "$1"
. "$directory/command"
code=0
env LC_ALL=C "$@" </dev/null >"$directory/output" 2>"$directory/error" || code=$?
umask 077
ended="$code $(now)"
if said=$({ put "$directory/exit" "$ended"; } 2>&1); then exit; fi
[ -s "$directory/error" ] || in_room error "$said"
in_room exit "$ended"`;

/**
 * Parameters: directory, size of the output that was seen already (-1: none), how many tenths of a second to wait for its end: whoever waits
 * here learns of it at once, where one who asks every second learns of it half a second late.
 */
export const JOB_READ = `${STATE}
${REPORT}
waited=0
while [ "$waited" -lt "$3" ] && [ -f "$directory/process" ] && [ ! -f "$directory/exit" ]; do
  waited=$((waited + 1))
  pause
done
if [ -d "$directory" ] && [ ! -f "$directory/process" ]; then lock; fi
report "$2"`;

/** Parameters: directory, owner, epoch, unit, id, identity, the texts of `command` and of `runner`. */
export const JOB_ENSURE = `${STATE}
${REPORT}
${FENCE}
launch() {
  if systemd_runs; then
    systemd-run --quiet --unit="$1" --property=KillMode=control-group --property=TimeoutStopSec=3 \\
      --property=WorkingDirectory="$directory" --setenv=IMPRINT_JOB="$2" --setenv=IMPRINT_JOB_DIRECTORY="$directory" \\
      --setenv=PATH="$PATH" --setenv=HOME="\${HOME:-/}" /bin/sh runner "$mask" >&2
  else
    IMPRINT_JOB=$2 IMPRINT_JOB_DIRECTORY=$directory setsid sh "$directory/runner" "$mask" \\
      </dev/null >/dev/null 2>"$directory/launch" &
  fi
}
await_process() {
  tries=0
  while [ ! -f "$directory/process" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
      cat "$directory/launch" >&2 || true
      exit ${String(refusals.notStarted)}
    fi
    pause
  done
}
mkdir -p "\${directory%/*}/"
lock
check_fence "$2" "$3"
if [ -f "$directory/identity" ] && [ "$(cat "$directory/identity")" != "$6" ]; then
  cat "$directory/identity" >&2
  exit ${String(refusals.otherCommand)}
fi
if [ ! -f "$directory/process" ]; then
  stop_unit "$4"
  rm -rf "$directory"
  mkdir "$directory"
  put "$directory/command" "$7"
  put "$directory/runner" "$8"
  put "$directory/identity" "$6"
  launch "$4" "$5"
  await_process
fi
report -1`;

/**
 * Parameters: directory, owner, epoch, unit. SIGTERM (a stopped process gets it when it continues), SIGKILL after two to three
 * seconds, given up after twelve. Two looks in a row must find nothing, because one could miss a process that forks meanwhile. The
 * leader is stopped first and killed last: as long as it exists, its session's number belongs to nobody else, so that members of the
 * session without the marker are found and strangers are not.
 */
export const JOB_END = `${STATE}
${FENCE}
members() {
  {
    marked
    if [ -n "$anchor" ]; then
      for path in /proc/[0-9]*; do
        if load_stat "\${path#/proc/}" && [ "$session" = "$anchor" ]; then echo "\${path#/proc/}"; fi
      done
    fi
  } | sort -u | while read -r pid; do
    if [ "$pid" != "$anchor" ] && load_stat "$pid" && [ "$state" != Z ] && [ "$state" != X ]; then echo "$pid"; fi
  done
}
end_members() {
  asked=''
  clean=0
  while [ "$clean" -lt 2 ]; do
    left=$(members)
    if [ -z "$left" ]; then clean=$((clean + 1)); continue; fi
    clean=0
    seconds=$(date +%s)
    if [ -z "$asked" ]; then
      asked=$seconds
      kill -s TERM $left 2>/dev/null || true
      kill -s CONT $left 2>/dev/null || true
    elif [ $((seconds - asked)) -gt 12 ]; then
      echo "left:" $left >&2
      exit ${String(refusals.notDead)}
    elif [ $((seconds - asked)) -gt 2 ]; then
      kill -s KILL $left 2>/dev/null || true
    fi
    pause
  done
}
mkdir -p "\${directory%/*}/"
lock
check_fence "$2" "$3"
stop_unit "$4"
load_leader
anchor=''
if leader_lives; then
  anchor=$leader
  kill -s STOP "$anchor" 2>/dev/null || true
fi
end_members
if [ -n "$anchor" ]; then
  kill -s KILL "$anchor" 2>/dev/null || true
  anchor=''
  end_members
fi
rm -rf "$directory.ended"
if [ -d "$directory" ]; then mv "$directory" "$directory.ended"; fi
flush "\${directory%/*}/"
rm -rf "$directory.ended"`;
