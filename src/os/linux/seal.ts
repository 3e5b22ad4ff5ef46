import type { CallContext } from '../../domain/call-context.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { SealRequest, TaskOutcome } from '../operating-system.ts';
import { runScript } from './run-script.ts';
import { sealScript, startSealScript } from './seal-script.ts';

/** It only starts the seal. */
const START_MS = 2 * 60_000;

/**
 * Starts the seal on the guest and returns. With `off` the power-off follows within a minute on an emulated guest; with `on` new connections
 * over SSH are refused from then on, until the next boot has made new host keys.
 */
export async function seal(
  shell: Shell,
  { endState, revision }: SealRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const script = {
    what: `seal the system as ${nameOfRevision(revision)}`,
    text: startSealScript,
    args: [endState, sealScript],
    timeoutMs: START_MS,
  };
  const { stdout, durationMs } = await runScript(shell, script, context);
  const isRunning = stdout.trim() === 'running';
  return [
    {
      task: 'seal',
      outcome: isRunning ? 'unchanged' : 'changed',
      detail: isRunning ? 'runs already' : `started; it ends with: ${endState}`,
      durationMs,
    },
  ];
}
