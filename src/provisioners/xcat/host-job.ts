import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { CapacityError, CommandFailedError, OutcomeUnknownError, type ImprintError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { JobSpec, JobState } from '../../remote/job.ts';
import { isOutOfSpace } from '../../remote/out-of-space.ts';
import { runTag } from './names.ts';
import type { XcatNode } from './node.ts';

/** A constant script that runs as a job on the host of xCAT, with its arguments as `$1` …. */
export interface HostJob {
  /** The plan step's id: names the job. */
  readonly step: string;
  /** For people: `Capture lab-07 with imgcapture`. */
  readonly what: string;
  readonly fence: Fence;
  readonly script: string;
  readonly args: readonly string[];
  /** What its end means; undefined for success. Default: any status but 0 is a failure. */
  judge?(ended: EndedJob): ImprintError | undefined;
}

export type EndedJob = Extract<JobState, { phase: 'ended' }>;

/**
 * Starts the job or attaches to it, and waits for its end. One that was lost or has failed is cleared, so that the next attempt starts it anew; its
 * script must stand that. An aborted signal detaches.
 */
export async function runHostJob(node: XcatNode, job: HostJob, context: CallContext): Promise<EndedJob> {
  const spec = specOf(node, job);
  const begun = await node.jobs.ensure(node.shell, spec, context);
  const report = (): void => context.progress({ what: job.what, job: spec.id });
  const state = begun.phase === 'running' ? await node.jobs.wait(node.shell, spec, report, context) : begun;
  const failure = failureOf(node, job, state);
  if (failure === undefined) return state as EndedJob;
  await endHostJob(node, job, context);
  throw failure;
}

/** Ends the job if it runs, proves that none of its processes is left, and removes its record. Of nothing: success. */
export async function endHostJob(
  node: XcatNode,
  job: Pick<HostJob, 'step' | 'fence'>,
  context: CallContext,
): Promise<void> {
  await node.jobs.end(node.shell, directoryOf(node, job), job.fence, context);
}

function failureOf(node: XcatNode, job: HostJob, state: JobState): ImprintError | undefined {
  if (state.phase !== 'ended') {
    const evidence = { job: job.step, host: node.shell.host };
    return new OutcomeUnknownError(`${job.what}: its job is ${state.phase}; the next attempt starts it again`, {
      evidence,
    });
  }
  if (job.judge !== undefined) return job.judge(state);
  if (state.exitCode === 0) return undefined;
  const Failure = isOutOfSpace(state.errorTail) ? CapacityError : CommandFailedError;
  const evidence = { exitCode: state.exitCode, stderr: state.errorTail.slice(-2048) };
  return new Failure(`${job.what}: its job ended with status ${state.exitCode}`, { evidence });
}

function specOf(node: XcatNode, job: HostJob): JobSpec {
  const args = ['-c', job.script, 'imprint-xcat', ...job.args];
  return { id: job.step, directory: directoryOf(node, job), fence: job.fence, file: 'sh', args };
}

function directoryOf(node: XcatNode, { step, fence }: Pick<HostJob, 'step' | 'fence'>): string {
  return posix.join(node.directory, '.jobs', `${runTag(fence.owner)}-${step}`);
}
