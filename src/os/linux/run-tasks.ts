import type { CallContext } from '../../domain/call-context.ts';
import { UnsupportedError } from '../../domain/errors.ts';
import type { Shell } from '../../remote/shell.ts';
import type { TaskOutcome } from '../operating-system.ts';
import { unknownDistributionStatus } from './distribution.ts';
import { runScript, type Script } from './run-script.ts';
import { checkTasks, parseTaskReport } from './task-report.ts';

/** A script that tells of its tasks. */
interface TaskScript extends Script {
  /** Those that it must have told of. */
  readonly expected: readonly string[];
}

/** CommandFailedError names the tasks that failed; UnsupportedError a distribution that nobody has described. */
export async function runTasks(
  shell: Shell,
  { expected, ...script }: TaskScript,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const result = await runScript(shell, { ...script, allowedExitCodes: [0, 1, unknownDistributionStatus] }, context);
  if (result.exitCode === unknownDistributionStatus)
    throw new UnsupportedError(`${script.what}: ${result.stderr.trim()}`);
  const tasks = parseTaskReport(result.stdout);
  checkTasks(`could not ${script.what}`, tasks, expected);
  return tasks;
}
