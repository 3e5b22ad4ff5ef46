import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { exportDisk } from './disk-export.ts';
import type { DiskToOpen, OpenDiskFiles } from './disk-to-open.ts';
import { findRoot } from './root-file-system.ts';
import { openExtFiles, unreadableFiles } from './ext-files.ts';
import { openSimulatedFiles } from './simulated-files.ts';
import { readQcow2Fault } from './structure.ts';

/**
 * Looks into a disk that no system has booted: through a read-only FUSE export by qemu-storage-daemon, with debugfs as user `nobody` and with
 * limits of memory, time and output. Only the root file system is read, and only ext2, ext3 and ext4: of anything else `read` and `list` throw an
 * UnsupportedError that names it, and `fileSystem` says that no clean mark was found. IntegrityError for a file that is not of its format.
 * What an earlier attempt for the same file left running is ended first.
 */
export async function openDiskFiles(
  place: LibraryPlace,
  disk: DiskToOpen,
  context: CallContext,
): Promise<OpenDiskFiles> {
  if (disk.format === 'simulated') return openSimulatedFiles(place, disk.file, context);
  if (disk.format === 'qcow2') await refuseFault(place, disk.file, context);
  const exported = await exportDisk(place.shell, disk, context);
  try {
    const found = await findRoot(place.shell, exported.path, context);
    const files =
      found.root === undefined
        ? unreadableFiles(disk.file, found.types)
        : openExtFiles(place.shell, found.root, context);
    return { ...files, close: exported.close };
  } catch (error) {
    await exported.close();
    throw error;
  }
}

async function refuseFault(place: LibraryPlace, file: string, context: CallContext): Promise<void> {
  const fault = await readQcow2Fault(place, file, context);
  if (fault !== undefined) throw new IntegrityError(`look into ${file}: ${fault}`);
}
