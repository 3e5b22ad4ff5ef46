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

/** How a disk is recognised after a reset: its serial number and size; where it has none, its name. */
export function targetName({ path, serial, sizeBytes }: Disk): string {
  return `${serial ?? path} of ${String(sizeBytes)} bytes`;
}
