import { CommandFailedError } from '../../domain/errors.ts';
import type { TaskOutcome } from '../operating-system.ts';

/**
 * Beginning of every script: `task NAME FUNCTION ARGUMENT…` runs a function and prints one line about it. The function says what it did by
 * `changed TEXT`, `skipped TEXT`, `note TEXT` or `fail TEXT`; a status other than 0 counts as failed. POSIX sh; few processes, because
 * each costs an emulated guest a tenth of a second.
 */
export const taskFunctions = String.raw`
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
failures=0
clock() {
  IFS='. ' read -r seconds hundredths _ </proc/uptime
  clock=$((seconds * 1000 + (1$hundredths - 100) * 10))
}
note() { if [ -n "$detail" ]; then detail="$detail; $*"; else detail=$*; fi; }
changed() { [ "$outcome" = failed ] || outcome=changed; note "$@"; }
skipped() { outcome=skipped; note "$@"; }
fail() { outcome=failed; note "$@"; }
task() {
  task_name=$1 outcome=unchanged detail=
  shift
  clock; began=$clock
  "$@" || fail "ended with status $?"
  clock
  [ "$outcome" != failed ] || failures=$((failures + 1))
  [ -n "$detail" ] || detail='nothing to do'
  printf 'imprint-task\t%s\t%s\t%s\t' "$task_name" "$outcome" "$((clock - began))"
  printf '%s' "$detail" | tr '\t\n' '  '
  echo
}
# What cannot be left out: without it the tasks after it would do harm.
required() {
  task "$@"
  [ "$outcome" != failed ] || exit 1
}
# put PATH MODE CONTENT TEXT: makes the file so, and says TEXT when it was not. Never seen half-written.
put() {
  if [ -f "$1" ] && [ "$(cat "$1"; echo .)" = "$3." ]; then chmod "$2" "$1"; return; fi
  directory=$(dirname "$1")
  [ -d "$directory" ] || mkdir -p "$directory"
  if printf %s "$3" >"$1.imprint-new" && chmod "$2" "$1.imprint-new" && mv -f "$1.imprint-new" "$1"; then
    changed "$4"
  else
    fail "could not write $1"
  fi
}
# edit_file FILE TEXT AWK-PROGRAM: says TEXT when lines were changed. Keeps mode and owner.
edit_file() {
  [ -f "$1" ] || return 0
  awk "$3" "$1" >"$1.imprint-new" || { fail "could not read $1"; return 0; }
  if cmp -s "$1" "$1.imprint-new"; then rm -f "$1.imprint-new"; return 0; fi
  chown --reference="$1" "$1.imprint-new" && chmod --reference="$1" "$1.imprint-new" && mv -f "$1.imprint-new" "$1" &&
    changed "$2" || fail "could not write $1"
}
# Lines that were added for one reservation: a pattern of awk.
temporary_mark='#[ \t]*(imprint:temporary|[Aa]dded by VCL)'
# delete WHAT PATH...: those that exist.
delete() {
  what=$1 count=0
  shift
  for path in "$@"; do
    [ -e "$path" ] || [ -L "$path" ] || continue
    rm -rf -- "$path" || fail "could not delete $path"
    count=$((count + 1))
  done
  [ $count = 0 ] || changed "$count $what removed"
}
# One at a time: a script whose connection broke may still run.
one_at_a_time() {
  mkdir -p /run/imprint
  exec 9>/run/imprint/lock
  flock -w "$1" 9 || { echo 'another script of Imprint still runs' >&2; exit 75; }
}
`;

const LINE = /^imprint-task\t([a-z0-9-]+)\t(changed|unchanged|skipped|failed)\t(\d+)\t(.*)$/;

/** The tasks that a script's output tells of; other lines (of the commands that it ran) are left out. */
export function parseTaskReport(stdout: string): readonly TaskOutcome[] {
  return stdout.split(/\r?\n/).flatMap((line) => {
    const [, task, outcome, durationMs, detail] = LINE.exec(line) ?? [];
    if (task === undefined) return [];
    return [{ task, outcome: outcome as TaskOutcome['outcome'], detail: detail ?? '', durationMs: Number(durationMs) }];
  });
}

/** Throws CommandFailedError, naming the tasks, unless each of `expected` was told of and none but the `tolerated` failed. */
export function checkTasks(
  what: string,
  tasks: readonly TaskOutcome[],
  expected: readonly string[],
  tolerated: readonly string[] = [],
): void {
  const failed = tasks.filter(({ task, outcome }) => outcome === 'failed' && !tolerated.includes(task));
  const missing = expected.filter((name) => !tasks.some(({ task }) => task === name));
  if (failed.length + missing.length === 0) return;
  const reasons = [
    ...failed.map(({ task, detail }) => `${task} (${detail})`),
    ...missing.map((task) => `${task} (not done)`),
  ];
  throw new CommandFailedError(`${what}: ${reasons.join(', ')}`, { evidence: { tasks } });
}
