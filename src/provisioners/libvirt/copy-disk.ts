import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, OutcomeUnknownError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { JobSpec, JobState } from '../../remote/job.ts';
import { convertArguments, type FileFormat, parseProgress, qemuImgError } from '../../remote/qemu-img.ts';
import type { CaptureRequest } from '../provisioner.ts';
import type { LibvirtNode } from './node.ts';
import { proveOffSince } from './off-proof.ts';
import { findNote, openStaging, removeStaged, type Staging, stagingOf, writeNote } from './staging.ts';

const argumentsSchema = z.object({
  disk: z.string(),
  source: z.string(),
  format: z.enum(['qcow2', 'raw']),
  virtualSizeBytes: z.number(),
  allocatedBytes: z.number(),
});
type CopyArguments = z.output<typeof argumentsSchema>;

const copiedSchema = z.object({ startedAt: z.string(), endedAt: z.string(), startedAgain: z.boolean() });

/** One copy, as a retry finds it. */
interface Copy {
  readonly node: LibvirtNode;
  readonly request: CaptureRequest;
  readonly staging: Staging;
  readonly what: CopyArguments;
  readonly spec: JobSpec;
  /** Says that the copy is complete; written after the second proof that the source was not touched. */
  readonly note: string;
}

/**
 * Copies one disk into staging by a job on its host. A retry attaches to the job; a job that was lost or failed before is cleared, with
 * what it wrote, and started again. IntegrityError when the domain or its disk was touched before or meanwhile.
 */
export async function copyDisk(
  node: LibvirtNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const staging = await openStaging(node, request, context);
  const copy = copyOf(node, request, step, staging);
  const copied = await findNote(node, { path: copy.note, schema: copiedSchema }, context);
  if (copied !== undefined) return evidence(copy, copied);
  await proveOffSince(node, staging, context);
  const startedAgain = await clearFailed(copy, context);
  const state = await attach(copy, context);
  await proveOffSince(node, staging, context);
  const ended = requireEnded(copy, state);
  const note = { startedAt: ended.startedAt, endedAt: ended.endedAt, startedAgain };
  await writeNote(node, copy.note, note, context);
  return evidence(copy, note);
}

/** Ends the job, proves it gone, and removes what it wrote. Of nothing: success. */
export async function undoCopyDisk(
  node: LibvirtNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const copy = copyOf(node, request, step, stagingOf(node, request));
  await node.jobs.end(node.shell, copy.spec.directory, request.fence, context);
  await removeCopy(copy, context);
  return { job: 'ended', removed: stagedName(copy.what.disk) };
}

function copyOf(node: LibvirtNode, request: CaptureRequest, step: PlanStep, staging: Staging): Copy {
  const what = argumentsSchema.parse(step.arguments);
  const target = posix.join(staging.path, stagedName(what.disk));
  const source: { path: string; format: FileFormat } = { path: what.source, format: what.format };
  const spec = {
    id: step.id,
    directory: staging.job(step.id),
    fence: request.fence,
    file: 'qemu-img',
    args: convertArguments(source, target, request.copyRateBytes),
  };
  return { node, request, staging, what, spec, note: posix.join(staging.notes, `copied-${what.disk}.json`) };
}

/** File name of a disk's copy: `vda.qcow2`. */
export function stagedName(disk: string): string {
  return `${disk}.qcow2`;
}

/** True when an earlier job had to be cleared away. */
async function clearFailed(copy: Copy, context: CallContext): Promise<boolean> {
  const { node, spec, request } = copy;
  const state = await node.jobs.read(node.shell, spec.directory, context);
  const failed = state.phase === 'lost' || (state.phase === 'ended' && state.exitCode !== 0);
  if (!failed) return false;
  await node.jobs.end(node.shell, spec.directory, request.fence, context);
  await removeCopy(copy, context);
  return true;
}

async function removeCopy({ node, request, what }: Copy, context: CallContext): Promise<void> {
  await removeStaged(node, request, [stagedName(what.disk), `.capture/copied-${what.disk}.json`], context);
}

async function attach({ node, spec, what }: Copy, context: CallContext): Promise<JobState> {
  const bytesTotal = what.allocatedBytes;
  const report = (outputTail: string): void => {
    const fraction = parseProgress(outputTail);
    const done = fraction === undefined ? {} : { fraction, bytesDone: Math.round(fraction * bytesTotal) };
    context.progress({ what: `Copy ${what.disk} of ${node.computer.name}`, bytesTotal, job: spec.id, ...done });
  };
  const state = await node.jobs.ensure(node.shell, spec, context);
  return state.phase === 'running' ? node.jobs.wait(node.shell, spec, report, context) : state;
}

function requireEnded({ node, what, spec }: Copy, state: JobState): Extract<JobState, { phase: 'ended' }> {
  if (state.phase === 'ended' && state.exitCode === 0) return state;
  if (state.phase === 'ended')
    throw qemuImgError(`copy ${what.disk} of ${node.domain}`, state.exitCode, state.errorTail);
  if (state.phase === 'lost') {
    throw new OutcomeUnknownError(
      `copy ${what.disk} of ${node.domain}: its job was killed; the next attempt starts it again`,
      {
        evidence: { job: spec.id, errorTail: state.errorTail },
      },
    );
  }
  throw new ConflictError(`copy ${what.disk} of ${node.domain}: its job is ${state.phase}`, {
    evidence: { job: spec.id },
  });
}

function evidence({ what, spec }: Copy, copied: z.output<typeof copiedSchema>): Evidence {
  const { startedAt, endedAt, startedAgain } = copied;
  const again = startedAgain
    ? { startedAgain: 'an earlier job was lost or had failed; what it wrote was removed' }
    : {};
  return { file: stagedName(what.disk), job: spec.id, sourceBytes: what.allocatedBytes, startedAt, endedAt, ...again };
}
