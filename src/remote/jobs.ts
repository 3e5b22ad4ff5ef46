import type { CallContext } from '../domain/call-context.ts';
import {
  ConflictError,
  OutcomeUnknownError,
  UnavailableError,
  UnsupportedError,
  type ImprintError,
} from '../domain/errors.ts';
import { checkedDirectory, ensureParameters, fenceParameters } from './job-parameters.ts';
import { parseJobReport, stateOfReport, type JobReport } from './job-report.ts';
import { refusals } from './job-script-parts.ts';
import { JOB_END, JOB_ENSURE, JOB_READ } from './job-script.ts';
import type { Jobs } from './job.ts';
import type { Shell } from './shell.ts';

export interface JobsOptions {
  /** Between two looks at a job that goes on running, in steps of 100; its end is seen at once. Default 1000. */
  readonly pollIntervalMs?: number;
}

/** How long a look may take, beside what it waits; it waits at most 30 s for the job's lock. */
const READ_TIMEOUT_MS = 60_000;
/** Starting and ending wait for the lock too, and ending for processes to die (12 s, systemd's stop 3 s). */
const CHANGE_TIMEOUT_MS = 90_000;

const refusalErrors: Readonly<Record<number, (directory: string, evidence: Evidence) => ImprintError>> = {
  [refusals.otherOwner]: (job, evidence) => new ConflictError(`job ${job} belongs to another run`, { evidence }),
  [refusals.lowerEpoch]: (job, evidence) =>
    new ConflictError(`job ${job} was taken over by a later attempt`, { evidence }),
  [refusals.otherCommand]: (job, evidence) =>
    new ConflictError(`job ${job} was started with another command`, { evidence }),
  [refusals.lockHeld]: (job, evidence) => new UnavailableError(`could not lock job ${job}`, { evidence }),
  [refusals.notStarted]: (job, evidence) => new UnavailableError(`could not start job ${job}`, { evidence }),
  [refusals.notDead]: (job, evidence) => new OutcomeUnknownError(`processes of job ${job} do not die`, { evidence }),
  [refusals.missingTool]: (job, evidence) =>
    new UnsupportedError(`could not handle job ${job} with what its host has`, { evidence }),
};
type Evidence = Readonly<Record<string, unknown>>;

/**
 * Jobs as process sessions on Linux hosts, and as transient units where systemd runs and the account is root. Errors of the shell pass
 * through; every call can be made again after any of them. The fence of a job that was ended stays beside its directory: an attempt
 * with a lower epoch is refused for good, one with the same epoch may start the job again. Without systemd, a process that both left
 * the session and cleared its environment is not found.
 */
export function createJobs(options: JobsOptions = {}): Jobs {
  const pollIntervalMs = options.pollIntervalMs ?? 1000;
  return {
    async ensure(shell, spec, context) {
      const parameters = ensureParameters(spec);
      return stateOfReport(parseJobReport(await change(shell, JOB_ENSURE, parameters, context)));
    },
    async read(shell, directory, context) {
      return stateOfReport(await readReport(shell, { directory, seenSize: -1, waitMs: 0 }, context));
    },
    async wait(shell, { directory }, onProgress, context) {
      let seen = { outputSize: -1, outputTail: '' };
      for (let waitMs = 0; ; waitMs = pollIntervalMs) {
        const report = await readReport(shell, { directory, seenSize: seen.outputSize, waitMs }, context);
        const { phase, outputSize, outputTail = seen.outputTail } = report;
        if (phase !== 'running') return stateOfReport(report, seen.outputTail);
        seen = { outputSize, outputTail };
        onProgress(outputTail);
      }
    },
    async end(shell, directory, fence, context) {
      await change(shell, JOB_END, fenceParameters(directory, fence), context);
    },
  };
}

interface Look {
  readonly directory: string;
  /** Size of the output that was read already; -1 for none. */
  readonly seenSize: number;
  /** How long to wait, on the host, for the end of a job that runs. */
  readonly waitMs: number;
}

async function readReport(
  shell: Shell,
  { directory, seenSize, waitMs }: Look,
  context: CallContext,
): Promise<JobReport> {
  const parameters = [checkedDirectory(directory), String(seenSize), String(Math.ceil(waitMs / 100))];
  const options = { signal: context.signal, timeoutMs: READ_TIMEOUT_MS + waitMs };
  return parseJobReport(await runScript(shell, JOB_READ, parameters, options));
}

function change(shell: Shell, script: string, parameters: readonly string[], context: CallContext): Promise<string> {
  return runScript(shell, script, parameters, { signal: context.signal, timeoutMs: CHANGE_TIMEOUT_MS });
}

async function runScript(
  shell: Shell,
  script: string,
  parameters: readonly string[],
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<string> {
  const allowedExitCodes = [0, ...Object.values(refusals)];
  const result = await shell.run('sh', ['-c', script, 'imprint-job', ...parameters], { ...options, allowedExitCodes });
  const refuse = refusalErrors[result.exitCode];
  if (!refuse) return result.stdout;
  throw refuse(parameters[0] ?? '', { host: shell.host, said: result.stderr.slice(-2000) });
}
