import type { CallContext } from '../domain/call-context.ts';
import { CapacityError, CommandFailedError, OutcomeUnknownError } from '../domain/errors.ts';
import { isOutOfSpace } from '../remote/out-of-space.ts';
import type { Jobs, JobSpec, JobState } from '../remote/job.ts';
import type { Shell } from '../remote/shell.ts';

type EndedJob = Extract<JobState, { phase: 'ended' }>;

/** The job, and what is told about it while it runs. */
export interface JobToComplete {
  readonly spec: JobSpec;
  /** For messages: `hash vda.qcow2`. */
  readonly what: string;
  onProgress(outputTail: string): void;
}

/**
 * Starts the job or attaches to it, and waits for its end. A job that was lost (killed, or its host restarted) is cleared and started
 * once more; lost again: OutcomeUnknownError. An exit status other than 0: CommandFailedError, or CapacityError where there was no
 * space left, and the job is cleared, so that the next attempt begins anew. An aborted signal detaches; the job goes on.
 */
export async function completeJob(
  jobs: Jobs,
  shell: Shell,
  job: JobToComplete,
  context: CallContext,
): Promise<EndedJob> {
  const first = await attach(jobs, shell, job, context);
  const state = first.phase === 'ended' ? first : await restart(jobs, shell, job, context);
  if (state.phase !== 'ended')
    throw new OutcomeUnknownError(`${job.what}: its job was lost`, { evidence: { ...state } });
  if (state.exitCode === 0) return state;
  await jobs.end(shell, job.spec.directory, job.spec.fence, context);
  const Failure = isOutOfSpace(state.errorTail) ? CapacityError : CommandFailedError;
  throw new Failure(`${job.what}: its job ended with status ${String(state.exitCode)}`, {
    evidence: { exitCode: state.exitCode, errorTail: state.errorTail, job: job.spec.id },
  });
}

async function attach(jobs: Jobs, shell: Shell, job: JobToComplete, context: CallContext): Promise<JobState> {
  const state = await jobs.ensure(shell, job.spec, context);
  if (state.phase !== 'running') return state;
  return jobs.wait(shell, job.spec, (outputTail) => job.onProgress(outputTail), context);
}

async function restart(jobs: Jobs, shell: Shell, job: JobToComplete, context: CallContext): Promise<JobState> {
  await jobs.end(shell, job.spec.directory, job.spec.fence, context);
  return attach(jobs, shell, job, context);
}
