import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { InvalidInputError, OutcomeUnknownError } from '../../domain/errors.ts';
import type { ImageDisk } from '../../domain/image.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { JobSpec } from '../../remote/job.ts';
import { convertArguments, overlayArguments, parseProgress, qemuImgError } from '../../remote/qemu-img.ts';
import type { LoadRequest } from '../provisioner.ts';
import { identifyFiles } from './disk-files.ts';
import { baseFile, imageDisks } from './load-check.ts';
import { newDiskPath, runTag } from './names.ts';
import { claimNodeDirectory, inNodeDirectory, removeFiles } from './node-directory.ts';
import type { LibvirtNode } from './node.ts';

/** A disk that this run makes; its path is chosen before it is made. */
interface NewDisk {
  readonly disk: ImageDisk;
  readonly base: string;
  readonly path: string;
  /** Where it is written until it is complete. */
  readonly partial: string;
}

/** The paths of all disks that this run makes, boot disk first. */
export function newDiskPaths(node: LibvirtNode, request: LoadRequest): readonly NewDisk[] {
  return imageDisks(request).map((disk) => {
    const path = newDiskPath(node.directory, request.revision, request.fence.owner, disk.name);
    return { disk, base: baseFile(node, request, disk), path, partial: `${path}.part` };
  });
}

/** Makes a copy-on-write disk over the library's file. Made already: success. */
export async function createDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const { base, path, partial } = newDiskOf(node, request, step);
  const script = `
target=$1
shift
[ ! -e "$target" ] || exit 0
rm -f -- "$target.part"
"$@" || exit 10
mv -T -- "$target.part" "$target"
`;
  const action = { what: `make ${path}`, script, args: [path, 'qemu-img', ...overlayArguments(base, partial)] };
  const result = await inNodeDirectory(node, request.fence, action, context);
  if (result.exitCode !== 0) throw qemuImgError(`make ${path}`, result.exitCode, result.stderr);
  return { path, backing: base };
}

/** Copies the library's file by a job on the host. A retry attaches to it; one that was lost or failed is cleared and started again. */
export async function copyNewDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const copy = newDiskOf(node, request, step);
  if ((await identifyFiles(node.shell, [copy.path], context)).length > 0)
    return { path: copy.path, copiedFrom: copy.base };
  await claimNodeDirectory(node, request.fence, context);
  const spec = jobOf(node, request, step, copy);
  await clearFailed(node, copy, spec, context);
  const report = (tail: string): void => {
    const fraction = parseProgress(tail);
    context.progress({
      what: step.title,
      job: spec.id,
      bytesTotal: copy.disk.sizeBytes,
      ...(fraction === undefined ? {} : { fraction }),
    });
  };
  const begun = await node.jobs.ensure(node.shell, spec, context);
  const state = begun.phase === 'running' ? await node.jobs.wait(node.shell, spec, report, context) : begun;
  if (state.phase !== 'ended')
    throw new OutcomeUnknownError(`copy ${copy.base}: its job was lost`, { evidence: { job: spec.id } });
  if (state.exitCode !== 0) throw qemuImgError(`copy ${copy.base}`, state.exitCode, state.errorTail);
  const script = '[ -e "$2" ] || mv -T -- "$1" "$2"';
  await inNodeDirectory(
    node,
    request.fence,
    { what: `keep ${copy.path}`, script, args: [copy.partial, copy.path] },
    context,
  );
  await node.jobs.end(node.shell, spec.directory, request.fence, context);
  return { path: copy.path, copiedFrom: copy.base, startedAt: state.startedAt, endedAt: state.endedAt };
}

/** Deletes the disk, complete or not; ends a copy first. Of nothing: success. */
export async function undoNewDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const made = newDiskOf(node, request, step);
  if (step.kind === 'copyDisk')
    await node.jobs.end(node.shell, jobDirectory(node, request, step), request.fence, context);
  await removeFiles(node, request.fence, [made.path, made.partial], context);
  return { deleted: made.path };
}

function newDiskOf(node: LibvirtNode, request: LoadRequest, step: PlanStep): NewDisk {
  const { disk } = z.object({ disk: z.string() }).parse(step.arguments);
  const found = newDiskPaths(node, request).find((candidate) => candidate.disk.name === disk);
  if (found === undefined) throw new InvalidInputError(`step ${step.id}: the image has no disk ${disk}`);
  return found;
}

function jobDirectory(node: LibvirtNode, request: LoadRequest, step: PlanStep): string {
  return posix.join(node.directory, '.jobs', `${runTag(request.fence.owner)}-${step.id}`);
}

function jobOf(node: LibvirtNode, request: LoadRequest, step: PlanStep, { base, partial }: NewDisk): JobSpec {
  const args = convertArguments({ path: base, format: 'qcow2' }, partial, undefined);
  return { id: step.id, directory: jobDirectory(node, request, step), fence: request.fence, file: 'qemu-img', args };
}

async function clearFailed(node: LibvirtNode, copy: NewDisk, spec: JobSpec, context: CallContext): Promise<void> {
  const state = await node.jobs.read(node.shell, spec.directory, context);
  if (state.phase !== 'lost' && !(state.phase === 'ended' && state.exitCode !== 0)) return;
  await node.jobs.end(node.shell, spec.directory, spec.fence, context);
  await removeFiles(node, spec.fence, [copy.partial], context);
}
