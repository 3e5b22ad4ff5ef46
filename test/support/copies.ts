import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSimulatedDisk } from '../../src/domain/simulated-disk.ts';
import type { TestImprint } from './imprint.ts';

/** How the bytes of a capture's first disk came into the library. */
export interface CopyHistory {
  /** How often a copy was begun for the run: more than once means that bytes were copied twice. */
  readonly begun: number;
  /** Whether the published file is what is on the node, and has the checksum that its manifest says. */
  readonly sound: boolean;
}

/** Looks at a completed capture that left its node off. */
export async function copyHistoryOf(imprint: TestImprint, run: string, image: string): Promise<CopyHistory> {
  const node = run.split('/')[1] ?? '';
  const events = await imprint.world.events();
  const begun = events.filter(({ action, owner }) => action === 'copy-vda' && owner === run).length;
  const machine = await imprint.world.machine(await imprint.catalog.computers.get(node));
  const [revision] = await imprint.catalog.revisions.list(image);
  const disk = revision?.manifest?.disks[0];
  const source = machine.loaded?.disks[0];
  if (disk === undefined || source === undefined) return { begun, sound: false };
  const published = await readFile(join(imprint.library, `${image}-v1`, disk.file), 'utf8');
  const sha256 = createHash('sha256').update(published).digest('hex');
  return { begun, sound: published === formatSimulatedDisk(source) && sha256 === disk.sha256 };
}

/** Settings of a node whose copy lasts this long. */
export function copyLasting(seconds: number): Readonly<Record<string, unknown>> {
  return { disks: [{ name: 'vda', usedBytes: seconds * 1_000 }], copyBytesPerSecond: 1_000 };
}
