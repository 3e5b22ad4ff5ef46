import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { type ConvertJob, type Converted, endConvertJob, runConvertJob } from './convert-job.ts';
import { claimNodeDirectory } from './node-directory.ts';
import type { LibvirtNode } from './node.ts';
import { proveOffSince } from './off-proof.ts';
import { findNote, openStaging, removeStaged, stagingOf, writeNote } from './staging.ts';

/** What `planCapture` gives a copy step. */
const argumentsSchema = z.object({
  disk: z.string(),
  source: z.string(),
  format: z.enum(['qcow2', 'raw']),
  allocatedBytes: z.number(),
});

const copiedSchema = z.object({ startedAt: z.string(), endedAt: z.string(), startedAgain: z.boolean() });

/**
 * Copies one disk into staging by a job on its host. A retry attaches to the job; once a note says that the copy is complete, it does
 * nothing. IntegrityError when the domain or its disk was touched before the copy began, or meanwhile.
 */
export async function copyDisk(
  node: LibvirtNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const staging = await openStaging(node, request, context);
  const job = jobOf(node, request, step, context);
  const note = posix.join(staging.notes, copiedNote(step));
  const earlier = await findNote(node, { path: note, schema: copiedSchema }, context);
  if (earlier === undefined) {
    await claimNodeDirectory(node, request.fence, context);
    await proveOffSince(node, staging, context);
  }
  const copied = earlier ?? (await runConvertJob(node, job, context));
  if (earlier === undefined) {
    await proveOffSince(node, staging, context);
    await writeNote(node, note, copied, context);
  }
  await endConvertJob(node, job, context);
  return evidence(job, copied);
}

/** Ends the job, proves it gone, and removes what it wrote. Of nothing: success. */
export async function undoCopyDisk(
  node: LibvirtNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const job = jobOf(node, request, step, context);
  await endConvertJob(node, job, context);
  await job.removeTarget();
  return { job: 'ended', removed: posix.basename(job.target) };
}

/** File name of a disk's copy: `vda.qcow2`. */
export function stagedName(disk: string): string {
  return `${disk}.qcow2`;
}

function jobOf(node: LibvirtNode, request: CaptureRequest, step: PlanStep, context: CallContext): ConvertJob {
  const what = argumentsSchema.parse(step.arguments);
  const file = stagedName(what.disk);
  return {
    step: step.id,
    what: `Copy ${what.disk} of ${node.computer.name}`,
    fence: request.fence,
    source: { path: what.source, format: what.format },
    target: posix.join(stagingOf(node, request).path, file),
    bytesTotal: what.allocatedBytes,
    ...(request.copyRateBytes === undefined ? {} : { rateBytes: request.copyRateBytes }),
    removeTarget: () => removeStaged(node, request, [file, `.capture/${copiedNote(step)}`], context),
  };
}

/** Says that the copy is complete; written after the second proof that the source was not touched. */
function copiedNote(step: PlanStep): string {
  return `${step.id}.json`;
}

function evidence(job: ConvertJob, { startedAt, endedAt, startedAgain }: Converted): Evidence {
  const again = startedAgain
    ? { startedAgain: 'an earlier job was lost or had failed; what it wrote was removed' }
    : {};
  const file = posix.basename(job.target);
  return { file, job: job.step, sourceBytes: job.bytesTotal, startedAt, endedAt, ...again };
}
