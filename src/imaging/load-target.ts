import type { ChunkLayout } from '../library/chunks/layout.ts';
import { CapacityError, ConflictError } from '../domain/errors.ts';
import type { Disk } from './machine-facts.ts';
import type { LoadWork } from './order.ts';

/** Refuses disks that an image does not fit on, before anything is written: one that is too small, one with other sectors, one disk for two. */
export function refuseTargets(work: LoadWork, disks: readonly Disk[], layouts: readonly ChunkLayout[]): void {
  for (const [index, disk] of disks.entries()) {
    const { name = disk.path, sizeBytes = 0 } = work.disks[index] ?? {};
    const layout = layouts[index];
    const needed = Math.max(sizeBytes, layout?.disk.sizeBytes ?? 0);
    const doing = `load the disk ${name} onto ${disk.path}`;
    if (disk.sizeBytes < needed)
      throw new CapacityError(
        `${doing}: it has ${String(disk.sizeBytes)} bytes, and the image needs ${String(needed)}`,
      );
    if (layout !== undefined && layout.disk.sectorBytes !== disk.sectorBytes) {
      const sectors = `its sectors have ${String(disk.sectorBytes)} bytes, those of the image ${String(layout.disk.sectorBytes)}`;
      throw new ConflictError(`${doing}: ${sectors}`);
    }
    if (disks.findIndex(({ path }) => path === disk.path) !== index)
      throw new ConflictError(`${doing}: it is chosen for another disk of the image, too`);
  }
}

/** Names change with the order in which drivers start: by its name alone a disk is overwritten only where it is the only one. */
export function refuseNamesAlone(work: LoadWork, found: readonly Disk[]): void {
  if (found.length < 2) return;
  const byName = work.disks.find(({ select }) => select.serial === undefined && select.sizeBytes === undefined);
  if (byName === undefined) return;
  const serials = found.map(({ path, serial }) => `${path} has ${serial ?? 'none'}`).join(', ');
  throw new ConflictError(
    `load the disk ${byName.name}: the machine has ${String(found.length)} disks, and a name alone may be another one's after the next start: give settings.disks[].serial (${serials})`,
  );
}

/** How a disk is recognised after a reset: its serial number and size; where it has none, its name. */
export function targetName({ path, serial, sizeBytes }: Disk): string {
  return `${serial ?? path} of ${String(sizeBytes)} bytes`;
}
