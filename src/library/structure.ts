import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { ImageDisk } from '../domain/image.ts';
import { SIMULATED_DISK_MAGIC } from '../domain/simulated-disk.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { findArchiveFault } from './archive-fault.ts';
import { configurationFault } from './configuration-file.ts';
import { requireThisHost } from './chunks/this-host.ts';
import { verifyChunks } from './chunks/verify.ts';
import { identifyFiles } from './file-identity.ts';
import { keepAlive } from './keep-alive.ts';
import { fileIn } from './paths.ts';
import { parseQcow2Header, QCOW2_HEADER_BYTES, qcow2Fault } from './qcow2-header.ts';
import { checkQcow2, infoOfDisk } from './qemu-img.ts';

export type DiskToCheck = Pick<ImageDisk, 'file' | 'format' | 'virtualSizeBytes'>;

/**
 * Checks that the files of a directory of the library are whole disks of their declared formats and sizes: no backing file, no data file, not
 * encrypted, clean; of chunks that each is there, with the bytes that were sent; or, where no disk is meant, a text. The format is taken from the
 * definition. IntegrityError names the file and what is wrong. Reads only.
 */
export async function verifyStructure(
  place: LibraryPlace,
  directory: string,
  disks: readonly DiskToCheck[],
  context: CallContext,
): Promise<void> {
  const names = disks.map((disk) => disk.file);
  await identifyFiles(place, directory, names, context);
  for (const disk of disks) {
    const at = { place, path: fileIn(directory, disk.file), disk };
    if (disk.format === 'chunks') await verifyChunkDisk(at, context);
    else await keepAlive(context, { what: `Check the structure of ${disk.file}` }, verifyDisk(at, context));
  }
}

interface DiskAt {
  readonly place: LibraryPlace;
  readonly path: string;
  readonly disk: DiskToCheck;
}

async function verifyDisk(at: DiskAt, context: CallContext): Promise<void> {
  if (at.disk.format === 'simulated') return verifySimulated(at, context);
  if (at.disk.format === 'configuration') return verifyConfiguration(at, context);
  if (at.disk.format === 'archive') return refuseArchiveFault(at, context);
  if (at.disk.format === 'qcow2') await verifyQcow2(at, context);
  const { shell } = at.place;
  const info = await infoOfDisk(shell, { path: at.path, format: at.disk.format }, context);
  if (info.fault !== undefined) throw broken(at, info.fault);
  requireSize(at, info.virtualSizeBytes);
}

function requireSize(at: DiskAt, found: number): void {
  if (found === at.disk.virtualSizeBytes) return;
  throw broken(at, `its disk has ${String(found)} bytes, ${String(at.disk.virtualSizeBytes)} are expected`);
}

/** Reads all of it, and says how far it is. */
async function verifyChunkDisk(at: DiskAt, context: CallContext): Promise<void> {
  requireThisHost(at.place, `check the structure of ${at.path}`);
  const { layout } = await verifyChunks(at.path, context);
  requireSize(at, layout.disk.sizeBytes);
}

async function verifyQcow2(at: DiskAt, context: CallContext): Promise<void> {
  const fault = await readQcow2Fault(at.place, at.path, context);
  if (fault !== undefined) throw broken(at, fault);
  const check = await checkQcow2(at.place.shell, at.path, context);
  if (check !== undefined) throw broken(at, check);
}

/** What forbids a qcow2 file as a disk of an image, read from its header only; undefined when nothing does. */
export async function readQcow2Fault(
  place: LibraryPlace,
  path: string,
  context: CallContext,
): Promise<string | undefined> {
  const hex = await readHead(place, path, QCOW2_HEADER_BYTES, context);
  return qcow2Fault(parseQcow2Header(hex));
}

async function verifyConfiguration(at: DiskAt, context: CallContext): Promise<void> {
  const bytes = await at.place.shell.download(at.path, { signal: context.signal, timeoutMs: 60_000 });
  const fault = configurationFault(bytes, at.disk.virtualSizeBytes);
  if (fault !== undefined) throw broken(at, fault);
}

async function verifySimulated(at: DiskAt, context: CallContext): Promise<void> {
  const head = await readHead(at.place, at.path, SIMULATED_DISK_MAGIC.length, context);
  if (head.toString('utf8') !== SIMULATED_DISK_MAGIC) throw broken(at, 'it is not a simulated disk');
}

async function refuseArchiveFault(at: DiskAt, context: CallContext): Promise<void> {
  const fault = await findArchiveFault(at.place.shell, at.path, context);
  if (fault !== undefined) throw broken(at, fault);
}

async function readHead(place: LibraryPlace, path: string, bytes: number, context: CallContext): Promise<Buffer> {
  const args = ['-An', '-v', '-tx1', '-N', String(bytes), '--', path];
  const result = await place.shell.run('od', args, { signal: context.signal, timeoutMs: 60_000 });
  return Buffer.from(result.stdout.replace(/\s/g, ''), 'hex');
}

function broken(at: DiskAt, problem: string): IntegrityError {
  return new IntegrityError(`check the structure of ${at.path} in library ${at.place.name}: ${problem}`, {
    evidence: { file: at.path, format: at.disk.format, problem },
  });
}
