import { volumesOf } from './capture-plan.ts';
import type { Disk, MachineFacts, Volume } from './machine-facts.ts';
import type { DiskRecord } from './order.ts';

/** What shows later that this disk was not touched; `name` is the order's name of the disk. */
export function recordDisk(name: string, disk: Disk, facts: MachineFacts): DiskRecord {
  const volumes = [...volumesOf(disk), ...facts.logicalVolumes.filter((volume) => liesOn(volume.mappings, disk))];
  return {
    name,
    ...(disk.tableDigest === undefined ? {} : { tableDigest: disk.tableDigest }),
    fileSystems: volumes.flatMap(recordVolume),
  };
}

function liesOn(mappings: readonly { readonly on?: string }[], disk: Disk): boolean {
  return volumesOf(disk).some(({ number }) => mappings.some(({ on }) => on === number));
}

function recordVolume({ probe, ext, headDigest }: Volume): DiskRecord['fileSystems'] {
  const { uuid, type } = probe;
  if (uuid === undefined || type === undefined) return [];
  const { mountCount, lastMounted, lastWritten } = ext ?? {};
  return [
    {
      ...{ uuid, type },
      ...(mountCount === undefined ? {} : { mountCount }),
      ...(lastMounted === undefined ? {} : { lastMounted }),
      ...(lastWritten === undefined ? {} : { lastWritten }),
      ...(headDigest === undefined ? {} : { headDigest }),
    },
  ];
}

/** In what a disk differs from what was recorded of it: one sentence each, none when it is as it was. What was not recorded is not compared. */
export function differences(expected: DiskRecord, found: DiskRecord): readonly string[] {
  const of = `disk ${expected.name}`;
  const table =
    expected.tableDigest === undefined || expected.tableDigest === found.tableDigest
      ? []
      : [`the partition table of ${of} is another`];
  const systems = expected.fileSystems.flatMap((before) => {
    const now = found.fileSystems.find(({ uuid }) => uuid === before.uuid);
    if (now === undefined) return [`${of} has no file system ${before.uuid} (${before.type})`];
    return [
      compare(`mount count of ${before.uuid}`, before.mountCount, now.mountCount),
      compare(`last mount time of ${before.uuid}`, before.lastMounted, now.lastMounted),
      compare(`last write time of ${before.uuid}`, before.lastWritten, now.lastWritten),
      compare(`beginning (sha256) of ${before.uuid}`, before.headDigest, now.headDigest),
    ].flat();
  });
  return [...table, ...systems];
}

function compare(
  what: string,
  before: string | number | undefined,
  now: string | number | undefined,
): readonly string[] {
  if (before === undefined || before === now) return [];
  return [`the ${what} was ${String(before)}, and is ${String(now ?? 'unknown')}`];
}
