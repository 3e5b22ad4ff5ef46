import type { CallContext } from '../../domain/call-context.ts';
import type { Shell } from '../../remote/shell.ts';
import type { TaskOutcome } from '../operating-system.ts';
import { cleaningTasks } from './cleaning-tasks.ts';
import { runScript } from './run-script.ts';
import { checkTasks, parseTaskReport, taskFunctions } from './task-report.ts';

const ASK_MS = 60_000;
const PRE_RELOAD_MS = 5 * 60_000;

export async function shutdown(shell: Shell, context: CallContext): Promise<void> {
  await ask(shell, 'poweroff', context);
}

export async function reboot(shell: Shell, context: CallContext): Promise<void> {
  await ask(shell, 'reboot', context);
}

/** Not blocking, so that the answer arrives before the connection goes. */
async function ask(shell: Shell, verb: 'poweroff' | 'reboot', context: CallContext): Promise<void> {
  const text =
    'if [ -d /run/systemd/system ]; then systemctl --no-block "$1"; else "$1" </dev/null >/dev/null 2>&1 & fi';
  await runScript(shell, { what: `ask for ${verb}`, text, args: [verb], timeoutMs: ASK_MS }, context);
}

const preReloadScript = `${taskFunctions}${cleaningTasks}
write_out() { sync; }
one_at_a_time 60
task unmount-nfs unmount_nfs
task sync write_out
[ $failures = 0 ]
`;

/** Before the system is replaced: servers are told that their clients go. */
export async function preReload(shell: Shell, context: CallContext): Promise<readonly TaskOutcome[]> {
  const script = {
    what: 'prepare the system for being replaced',
    text: preReloadScript,
    args: [],
    timeoutMs: PRE_RELOAD_MS,
    allowedExitCodes: [0, 1],
  };
  const tasks = parseTaskReport((await runScript(shell, script, context)).stdout);
  checkTasks(`could not ${script.what}`, tasks, ['unmount-nfs', 'sync']);
  return tasks;
}
