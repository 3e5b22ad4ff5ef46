import type { CallContext } from '../domain/call-context.ts';
import type { DiskFiles } from '../domain/disk-files.ts';
import { IntegrityError, UnsupportedError } from '../domain/errors.ts';
import type { DiskFormat } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { Shell } from '../remote/shell.ts';
import { unpackChunks } from './chunks/open-chunks.ts';
import { exportDisk, exportLayer } from './disk-export.ts';
import type { DiskToOpen, OpenDiskFiles } from './disk-to-open.ts';
import { openExtFiles, unreadableFiles } from './ext-files.ts';
import type { Partition } from './partitions.ts';
import { replayJournal } from './replay-journal.ts';
import { findRoot, type RootFileSystem } from './root-file-system.ts';
import { openSimulatedFiles } from './simulated-files.ts';
import { readQcow2Fault } from './structure.ts';

/** Whether `openDiskFiles` can read the format at all: an archive is known only to whoever wrote it. */
export function canLookInto(format: DiskFormat): boolean {
  return format !== 'archive';
}

/**
 * Looks into a disk that no system has booted: through a read-only FUSE export by qemu-storage-daemon, with debugfs as user `nobody` and with
 * limits of memory, time and output. What lies in a journal after a cut of the power is replayed over the disk, never on it; `fileSystem` says
 * what was found. Only the root file system is read, and only ext2, ext3 and ext4: of anything else `read` and `list` throw an
 * UnsupportedError that names it, and `fileSystem` says that no clean mark was found. IntegrityError for a file that is not of its format.
 * What an earlier attempt for the same file left running is ended first. A disk of chunks is unpacked first, into the place for scratch files.
 */
export async function openDiskFiles(
  place: LibraryPlace,
  disk: DiskToOpen,
  context: CallContext,
): Promise<OpenDiskFiles> {
  if (!canLookInto(disk.format)) throw new UnsupportedError(`look into ${disk.file}: it is an archive`);
  if (disk.format === 'simulated') return openSimulatedFiles(place, disk.file, context);
  if (disk.format === 'chunks') return openUnpacked(place, disk, context);
  return openExported(place, disk, { volumes: [], context });
}

async function openUnpacked(place: LibraryPlace, disk: DiskToOpen, context: CallContext): Promise<OpenDiskFiles> {
  const unpacked = await unpackChunks(place, disk, context);
  try {
    const files = await openExported(place, unpacked.disk, { volumes: unpacked.volumes, context });
    return { ...files, close: () => files.close().finally(unpacked.remove) };
  } catch (error) {
    await unpacked.remove();
    throw error;
  }
}

async function openExported(
  place: LibraryPlace,
  disk: DiskToOpen,
  { volumes, context }: { readonly volumes: readonly Partition[]; readonly context: CallContext },
): Promise<OpenDiskFiles> {
  if (disk.format === 'qcow2') await refuseFault(place, disk.file, context);
  const exported = await exportDisk(place.shell, disk, context);
  try {
    const { root, types } = await findRoot(place.shell, { path: exported.path, volumes }, context);
    const files =
      root === undefined ? unreadableFiles(disk.file, types) : await openRoot(place.shell, { disk, root }, context);
    return { ...files, close: exported.close };
  } catch (error) {
    await exported.close();
    throw error;
  }
}

/** What a journal holds counts: without it, files would be seen as they were before, and those that are gone. */
async function openRoot(
  shell: Shell,
  { disk, root }: { readonly disk: DiskToOpen; readonly root: RootFileSystem },
  context: CallContext,
): Promise<DiskFiles> {
  if (!root.needsRecovery) return openExtFiles(shell, root, context);
  // Its scratch files are those of the export that it replaces, and go with it.
  const layer = await exportLayer(shell, disk, root.offset, context);
  const complaint = await replayJournal(shell, layer.path, context);
  if (complaint === undefined) return openExtFiles(shell, { ...root, disk: layer.path, offset: 0 }, context);
  return unreadableFiles(disk.file, [`${root.state.type} with a journal that cannot be replayed (${complaint})`]);
}

async function refuseFault(place: LibraryPlace, file: string, context: CallContext): Promise<void> {
  const fault = await readQcow2Fault(place, file, context);
  if (fault !== undefined) throw new IntegrityError(`look into ${file}: ${fault}`);
}
