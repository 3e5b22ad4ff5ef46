import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import type { ImageDisk } from '../../domain/image.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import { overlayArguments, qemuImgError } from '../../remote/qemu-img.ts';
import type { LoadRequest } from '../provisioner.ts';
import { type ConvertJob, endConvertJob, runConvertJob } from './convert-job.ts';
import { identifyFiles } from './disk-files.ts';
import { baseFile, imageDisks } from './load-check.ts';
import { newDiskPath } from './names.ts';
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
export function newDisks(node: LibvirtNode, request: LoadRequest): readonly NewDisk[] {
  return imageDisks(request).map((disk) => {
    const path = newDiskPath(node.directory, request.revision, request.fence.owner, disk.name);
    return { disk, base: baseFile(node, request, disk), path, partial: `${path}.part` };
  });
}

const CREATE = `
target=$1
shift
[ ! -e "$target" ] || exit 0
rm -f -- "$target.part"
"$@" || exit 10
mv -T -- "$target.part" "$target"
`;

/** Makes a copy-on-write disk over the library's file. Made already: success. */
export async function createDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const { base, path, partial } = newDiskOf(node, request, step);
  const args = [path, 'qemu-img', ...overlayArguments(base, partial)];
  const result = await inNodeDirectory(node, request.fence, { what: `make ${path}`, script: CREATE, args }, context);
  if (result.exitCode !== 0) throw qemuImgError(`make ${path}`, result.exitCode, result.stderr);
  return { path, backing: base };
}

/** Copies the library's file by a job on the host. A retry attaches to it. Made already: success. */
export async function copyNewDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const made = newDiskOf(node, request, step);
  const job = jobOf(node, request, { step, made }, context);
  await claimNodeDirectory(node, request.fence, context);
  const evidence = { path: made.path, copiedFrom: made.base };
  const isMade = (await identifyFiles(node.shell, [made.path], context)).length > 0;
  const copied = isMade ? {} : await runConvertJob(node, job, context);
  const script = '[ -e "$2" ] || mv -T -- "$1" "$2"';
  const keep = { what: `keep ${made.path}`, script, args: [made.partial, made.path] };
  await inNodeDirectory(node, request.fence, keep, context);
  await endConvertJob(node, job, context);
  return { ...evidence, ...copied };
}

/** Deletes the disk, complete or not; ends a copy first. Of nothing: success. */
export async function undoNewDisk(
  node: LibvirtNode,
  request: LoadRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const made = newDiskOf(node, request, step);
  await endConvertJob(node, { step: step.id, fence: request.fence }, context);
  await removeFiles(node, request.fence, [made.path, made.partial], context);
  return { deleted: made.path };
}

function newDiskOf(node: LibvirtNode, request: LoadRequest, step: PlanStep): NewDisk {
  const { disk } = z.object({ disk: z.string() }).parse(step.arguments);
  const found = newDisks(node, request).find((candidate) => candidate.disk.name === disk);
  if (found === undefined) throw new InvalidInputError(`step ${step.id}: the image has no disk ${disk}`);
  return found;
}

function jobOf(
  node: LibvirtNode,
  request: LoadRequest,
  { step, made }: { readonly step: PlanStep; readonly made: NewDisk },
  context: CallContext,
): ConvertJob {
  return {
    step: step.id,
    what: `Copy ${made.disk.name} to ${node.computer.name}`,
    fence: request.fence,
    source: { path: made.base, format: 'qcow2' },
    target: made.partial,
    bytesTotal: made.disk.sizeBytes,
    removeTarget: () => removeFiles(node, request.fence, [made.partial], context),
  };
}
