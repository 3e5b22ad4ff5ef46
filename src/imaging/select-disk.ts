import { ConflictError } from '../domain/errors.ts';
import type { Disk } from './machine-facts.ts';
import type { DiskSelect } from './order.ts';

/** The one disk for which all holds that was given. ConflictError, with what disks there are, when none or several match: nothing is read or written then. */
export function selectDisk(disks: readonly Disk[], name: string, wanted: DiskSelect): Disk {
  const matching = disks.filter((disk) => matches(disk, wanted));
  const [disk] = matching;
  if (disk !== undefined && matching.length === 1) return disk;
  const found = disks.map(describeDisk).join('; ');
  const why = matching.length === 0 ? 'no disk' : `${String(matching.length)} disks`;
  throw new ConflictError(
    `choose the disk ${name}: ${why} of the machine with ${describeSelect(wanted)}; it has ${found || 'none'}`,
  );
}

function matches(disk: Disk, wanted: DiskSelect): boolean {
  if (wanted.serial !== undefined && disk.serial !== wanted.serial) return false;
  if (wanted.sizeBytes !== undefined && disk.sizeBytes !== wanted.sizeBytes) return false;
  return wanted.path === undefined || disk.path === wanted.path;
}

function describeSelect({ serial, sizeBytes, path }: DiskSelect): string {
  const parts = [
    ...(serial === undefined ? [] : [`serial number ${serial}`]),
    ...(sizeBytes === undefined ? [] : [`${String(sizeBytes)} bytes`]),
    ...(path === undefined ? [] : [`the name ${path}`]),
  ];
  return parts.join(' and ');
}

function describeDisk({ path, sizeBytes, serial }: Disk): string {
  return `${path} (${String(sizeBytes)} bytes, serial number ${serial ?? 'unknown'})`;
}
