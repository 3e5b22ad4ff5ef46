import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ConflictError } from '../../domain/errors.ts';
import { type ImageDisk, nameOfRevision } from '../../domain/image.ts';
import type { LoadRequest } from '../provisioner.ts';
import { identifyFiles } from './disk-files.ts';
import { libraryProblems } from './library-view.ts';
import { type LibvirtNode, onHost } from './node.ts';

/** The disks of the revision; ConflictError when its manifest is missing or names a format that a domain cannot read. */
export function imageDisks(request: LoadRequest): readonly ImageDisk[] {
  const { manifest } = request.revision;
  const name = nameOfRevision(request.revision);
  if (manifest === undefined) throw new ConflictError(`load ${name}: it has no manifest`);
  const foreign = manifest.disks.find((disk) => disk.format !== 'qcow2');
  if (foreign === undefined && manifest.disks.length > 0) return manifest.disks;
  throw new ConflictError(`load ${name}: expected qcow2 disks, found ${foreign?.format ?? 'none'}`);
}

/** Where a disk of the image lies, as the host of the domain sees it. */
export function baseFile(node: LibvirtNode, request: LoadRequest, disk: ImageDisk): string {
  return onHost(node, request.library, posix.join(request.copy.path, disk.file));
}

/** What stands in the way of a load: the library as the host sees it, and the revision's files in it. */
export async function checkLoad(
  node: LibvirtNode,
  request: LoadRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  const library = await libraryProblems(node, request.library, context);
  if (library.length > 0) return library;
  const bases = imageDisks(request).map((disk) => ({ disk, path: baseFile(node, request, disk) }));
  const found = await identifyFiles(
    node.shell,
    bases.map(({ path }) => path),
    context,
  );
  return bases.flatMap(({ disk, path }) => {
    const file = found.find((candidate) => candidate.file === path);
    const where = `image.disks.${disk.name}`;
    if (file === undefined) return [{ where, problem: `${path} is not there, or is no regular file` }];
    if (file.sizeBytes === disk.sizeBytes) return [];
    return [{ where, problem: `${path} has ${String(file.sizeBytes)} bytes, expected ${String(disk.sizeBytes)}` }];
  });
}
