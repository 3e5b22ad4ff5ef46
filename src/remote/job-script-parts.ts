import { OVER } from './out-of-space.ts';

/*
 * What runs on a job's host, as constant POSIX sh scripts (dash, bash, busybox) that get all data as positional parameters. Needed
 * there: util-linux (flock, setsid), coreutils or busybox, grep, a Linux /proc.
 *
 * Beside the job's directory lie `<directory>.lock`, which every change holds, and `<directory>.fence`, which stays when the directory
 * is gone. In it: `identity`, `command`, `runner`, then `process` once the runner lives, `output`, `error`, and last `exit`.
 */

/** Exit statuses with which the scripts refuse; none that a shell or a signal gives by itself. */
export const refusals = {
  otherOwner: 81,
  lowerEpoch: 82,
  otherCommand: 83,
  lockHeld: 84,
  notStarted: 85,
  notDead: 86,
  missingTool: 87,
} as const;

/**
 * `put` writes a line so that it is there in full or not at all, even after a power failure; that a disk is full, `cat` says in words and
 * the shell does not. `load_stat` reads /proc/PID/stat, where
 * the command's name may hold blanks and parentheses, so that only what follows the last one is taken.
 */
export const FILES = `
flush() {
  sync "$1" 2>/dev/null || sync
}
put() {
  printf '%s\\n' "$2" | cat >"$1.tmp" && flush "$1.tmp" && mv -f "$1.tmp" "$1" && flush "\${1%/*}/"
}
${OVER}
load_stat() {
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- \${stat##*) }
  state=$1 session=$4
  shift 19
  began=$1
}
pause() {
  sleep 0.1 2>/dev/null || sleep 1
}
now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}`;

/**
 * `marked` finds processes by the environment that they inherit (not every grep has -z). `phase` decides: a leader that lives is told
 * from another process with its number by boot and start time, and a dead one may leave processes behind that go on. `lock` asks again
 * and again, because busybox's flock knows no time limit.
 */
export const STATE = `set -eu
mask=$(umask)
umask 077
directory=$1
${FILES}
marked() {
  marker=IMPRINT_JOB_DIRECTORY=$directory
  if printf 'a\\0' | grep -qzxF a 2>/dev/null; then
    grep -lzxF -e "$marker" /proc/[0-9]*/environ 2>/dev/null || true
  else
    for file in /proc/[0-9]*/environ; do
      if { tr '\\0' '\\n' <"$file"; } 2>/dev/null | grep -qxF -e "$marker"; then echo "$file"; fi
    done
  fi | sed 's,^/proc/\\([0-9]*\\)/environ$,\\1,'
}
load_leader() {
  leader='' leader_began='' boot='' started=''
  if [ -f "$directory/process" ]; then
    read -r leader leader_began boot started <"$directory/process"
  fi
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || leader=''
}
leader_lives() {
  [ -n "$leader" ] && load_stat "$leader" && [ "$began" = "$leader_began" ] && [ "$state" != Z ] && [ "$state" != X ]
}
phase() {
  load_leader
  if [ -f "$directory/exit" ]; then echo ended
  elif [ ! -f "$directory/process" ]; then echo absent
  elif leader_lives; then echo running
  elif [ -n "$leader" ] && [ -n "$(marked)" ]; then echo running
  elif [ -f "$directory/exit" ]; then echo ended
  else echo lost
  fi
}
lock() {
  for tool in flock setsid base64; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit ${String(refusals.missingTool)}; }
  done
  exec 9>>"$directory.lock"
  tries=0
  until flock -n 9; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || exit ${String(refusals.lockHeld)}
    pause
  done
}`;

/** Prints what `parseJobReport` reads. The output is left out when its size is the one that the asker has already seen. */
export const REPORT = `
tail_of() {
  if [ -f "$directory/$1" ]; then
    size=$(wc -c <"$directory/$1")
    if [ "$size" -eq "$2" ]; then echo "$1" "$size"
    else echo "$1" "$size" "$(tail -c 4096 "$directory/$1" | base64 | tr -d '\\n')"
    fi
  fi
}
report() {
  found=$(phase)
  echo imprint-job-report
  echo phase "$found"
  if [ "$found" = absent ]; then return; fi
  read -r leader leader_began boot started <"$directory/process"
  echo started "$started"
  if [ "$found" = ended ]; then
    read -r code ended <"$directory/exit"
    echo exit "$code"
    echo ended "$ended"
  fi
  if [ "$found" = running ]; then tail_of output "$1"; return; fi
  tail_of output -1
  tail_of error -1
}`;

/** Parameters: owner, epoch. An equal epoch passes; a higher one is kept. */
export const FENCE = `
check_fence() {
  if [ -f "$directory.fence" ]; then
    { IFS= read -r epoch; IFS= read -r owner; } <"$directory.fence"
    echo "fence: epoch $epoch of $owner" >&2
    [ "$owner" = "$1" ] || exit ${String(refusals.otherOwner)}
    [ "$2" -ge "$epoch" ] || exit ${String(refusals.lowerEpoch)}
    [ "$2" -gt "$epoch" ] || return 0
  fi
  put "$directory.fence" "$2
$1" || over "$directory.fence" "$2
$1"
}
systemd_runs() {
  [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemd-run >/dev/null
}
stop_unit() {
  if systemd_runs; then
    systemctl stop "$1" 2>/dev/null || true
    systemctl reset-failed "$1" 2>/dev/null || true
  fi
}`;
