import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { OutcomeUnknownError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { JobSpec, JobState } from '../../remote/job.ts';
import { convertArguments, type FileFormat, parseProgress, qemuImgError } from '../../remote/qemu-img.ts';
import { runTag } from './names.ts';
import type { LibvirtNode } from './node.ts';

/** A copy of one disk, done by a job on the host of the domain. */
export interface ConvertJob {
  /** The plan step's id: names the job. */
  readonly step: string;
  /** For people: `Copy vda of lab-07`. */
  readonly what: string;
  readonly fence: Fence;
  readonly source: { readonly path: string; readonly format: FileFormat };
  readonly target: string;
  /** What the source takes, for the progress. */
  readonly bytesTotal: number;
  /** Bytes a second; absent means no limit. */
  readonly rateBytes?: number;
  /** Removes what the job wrote. Of nothing: success. */
  removeTarget(): Promise<void>;
}

/** ISO 8601, UTC. `startedAgain`: an earlier job was lost or had failed, and what it wrote was removed first. */
export interface Converted {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly startedAgain: boolean;
}

/**
 * Starts the copy or attaches to it, and waits for its end. What an earlier attempt left behind as lost or failed is cleared first. An
 * aborted signal detaches. The job's record stays until `endConvertJob`, so that a cut after its end does not copy again.
 */
export async function runConvertJob(node: LibvirtNode, job: ConvertJob, context: CallContext): Promise<Converted> {
  const spec = specOf(node, job);
  const startedAgain = await clearFailed(node, job, spec, context);
  const state = await attach(node, job, spec, context);
  if (state.phase === 'ended' && state.exitCode === 0) {
    return { startedAt: state.startedAt, endedAt: state.endedAt, startedAgain };
  }
  if (state.phase === 'ended') throw qemuImgError(job.what, state.exitCode, state.errorTail);
  throw new OutcomeUnknownError(`${job.what}: its job is ${state.phase}; the next attempt starts it again`, {
    evidence: { job: spec.id, host: node.shell.host },
  });
}

/** Ends the job if it runs, proves that none of its processes is left, and removes its record. Of nothing: success. */
export async function endConvertJob(
  node: LibvirtNode,
  job: Pick<ConvertJob, 'step' | 'fence'>,
  context: CallContext,
): Promise<void> {
  await node.jobs.end(node.shell, directoryOf(node, job), job.fence, context);
}

/** On the host's own disk: whoever else sees the library could not tell from there whether a process of this host lives. */
function directoryOf(node: LibvirtNode, { step, fence }: Pick<ConvertJob, 'step' | 'fence'>): string {
  return posix.join(node.directory, '.jobs', `${runTag(fence.owner)}-${step}`);
}

function specOf(node: LibvirtNode, job: ConvertJob): JobSpec {
  const args = convertArguments(job.source, job.target, job.rateBytes);
  return { id: job.step, directory: directoryOf(node, job), fence: job.fence, file: 'qemu-img', args };
}

async function clearFailed(node: LibvirtNode, job: ConvertJob, spec: JobSpec, context: CallContext): Promise<boolean> {
  const state = await node.jobs.read(node.shell, spec.directory, context);
  const failed = state.phase === 'lost' || (state.phase === 'ended' && state.exitCode !== 0);
  if (!failed) return false;
  await endConvertJob(node, job, context);
  await job.removeTarget();
  return true;
}

async function attach(node: LibvirtNode, job: ConvertJob, spec: JobSpec, context: CallContext): Promise<JobState> {
  const report = (outputTail: string): void => {
    const fraction = parseProgress(outputTail);
    const done = fraction === undefined ? {} : { fraction, bytesDone: Math.round(fraction * job.bytesTotal) };
    context.progress({ what: job.what, bytesTotal: job.bytesTotal, job: spec.id, ...done });
  };
  const state = await node.jobs.ensure(node.shell, spec, context);
  return state.phase === 'running' ? node.jobs.wait(node.shell, spec, report, context) : state;
}
