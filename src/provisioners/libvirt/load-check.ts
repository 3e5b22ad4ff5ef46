import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ConflictError } from '../../domain/errors.ts';
import { type ImageDisk, nameOfRevision } from '../../domain/image.ts';
import type { LoadRequest } from '../provisioner.ts';
import { readChain } from '../../remote/qemu-img.ts';
import { diskDirectoryProblems } from './disk-directory.ts';
import { type DiskIdentity, identifyFiles } from './disk-files.ts';
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

/** What stands in the way of a load: the host's directory for disks, the library as it sees it, the revision's files, and the room for copies. */
export async function checkLoad(
  node: LibvirtNode,
  request: LoadRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  const places = [
    ...(await diskDirectoryProblems(node, context)),
    ...(await libraryProblems(node, request.library, context)),
  ];
  if (places.length > 0) return places;
  const bases = imageDisks(request).map((disk) => ({ disk, path: baseFile(node, request, disk) }));
  const paths = bases.map(({ path }) => path);
  const found = await identifyFiles(node.shell, paths, context);
  const files = bases.flatMap((base) => fileProblems(base, found));
  if (files.length > 0) return files;
  const faults = await Promise.all(bases.map((base) => baseProblems(node, base, context)));
  return [
    ...faults.flat(),
    ...(await writableProblems(node, paths, context)),
    ...(await spaceProblems(node, request, context)),
  ];
}

interface Base {
  readonly disk: ImageDisk;
  readonly path: string;
}

function fileProblems({ disk, path }: Base, found: readonly DiskIdentity[]): readonly Problem[] {
  const file = found.find((candidate) => candidate.file === path);
  const where = `image.disks.${disk.name}`;
  if (file === undefined) return [{ where, problem: `${path} is not there, or is no regular file` }];
  if (file.sizeBytes === disk.sizeBytes) return [];
  return [{ where, problem: `${path} has ${file.sizeBytes} bytes, expected ${disk.sizeBytes}` }];
}

/** A published disk stands alone. One that named a backing file would give the guest whatever file that is. */
async function baseProblems(
  node: LibvirtNode,
  { disk, path }: Base,
  context: CallContext,
): Promise<readonly Problem[]> {
  const chain = await readChain(node.shell, { path, format: 'qcow2' }, 'shared', context.signal);
  const [base] = chain;
  if (base?.hasBacking === false && base.dataFile === undefined) return [];
  return [
    { where: `image.disks.${disk.name}`, problem: `${path} leads to another file; a published disk stands alone` },
  ];
}

/** A base file that QEMU's user may write to is one that a guest which broke out of QEMU may write to, for all who share it. */
async function writableProblems(
  node: LibvirtNode,
  paths: readonly string[],
  context: CallContext,
): Promise<readonly Problem[]> {
  const options = { signal: context.signal, timeoutMs: 30_000 };
  const result = await node.shell.run('find', [...paths, '-maxdepth', '0', '-perm', '/022'], options);
  const writable = result.stdout.split('\n').filter((path) => path !== '');
  return writable.map((path) => ({
    where: 'image.disks',
    problem: `${path} can be written to by others than its owner`,
  }));
}

async function spaceProblems(
  node: LibvirtNode,
  request: LoadRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  if (node.settings.clone === 'copy-on-write') return [];
  const directory = node.settings.diskDirectory;
  const options = { signal: context.signal, timeoutMs: 30_000 };
  const result = await node.shell.run('stat', ['-f', '-c', '%a %S', directory], options);
  const [blocks = 0, size = 0] = result.stdout.trim().split(' ').map(Number);
  const needed = imageDisks(request).reduce((sum, disk) => sum + disk.sizeBytes, 0);
  if (blocks * size >= needed) return [];
  const problem = `${directory} has ${blocks * size} bytes free, the copies take ${needed}`;
  return [{ where: 'settings.diskDirectory', problem }];
}
