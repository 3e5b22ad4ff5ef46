import { describe, expect, it } from 'vitest';
import { mapTasks, usedBlocks } from '../../../src/imaging/capture-plan.ts';
import { differences, recordDisk } from '../../../src/imaging/disk-record.ts';
import { refuseNamesAlone, refuseTargets } from '../../../src/imaging/load-target.ts';
import { clearStep, hostKeySteps, stepsOfDisk } from '../../../src/imaging/load-steps.ts';
import { layoutOfDisk } from '../../../src/imaging/layout-of-disk.ts';
import type { ChunkLayout } from '../../../src/library/chunks/layout.ts';
import { readFacts, type MachineFacts } from '../../../src/imaging/machine-facts.ts';
import { selectDisk } from '../../../src/imaging/select-disk.ts';

const MiB = 1024 ** 2;

/** What LVM has allocated for that logical volume, in extents of 1 MiB from 1 MiB on: first, count, type; and what is free. */
const plain: readonly string[] = ['0|8|linear', '8|23|free', '31|8|linear', '39|88|free'];

/** A disk with an ext4 of 64 MiB at 1 MiB, and a physical volume of 128 MiB at 65 MiB with a logical volume in two pieces; 300 MiB in all. */
const facts = ({
  mountCount = 3,
  tail = '\n=== end\n',
  allocated = plain,
  features = 'extent',
  type = 'ext4',
  logical = 'xfs',
  head = 'beef',
} = {}): string =>
  [
    `=== disk\t/dev/vda\t254:0\t${300 * MiB}\t512\tSERIAL-1`,
    `=== table\t/dev/vda\n${JSON.stringify({
      partitiontable: {
        label: 'dos',
        id: '0x1',
        device: '/dev/vda',
        partitions: [
          { node: '/dev/vda1', start: 2_048, size: 131_072, type: '83' },
          { node: '/dev/vda2', start: 133_120, size: 262_144, type: '8e' },
        ],
      },
    })}`,
    '=== dump\t/dev/vda\nlabel: dos\ndevice: /dev/vda\n\n/dev/vda1 : start=2048, size=131072, type=83\n=== probe\t/dev/vda\nPTTYPE=dos',
    `=== part\t/dev/vda\t/dev/vda1\t254:1\t${MiB}\t${64 * MiB}`,
    `=== probe\t/dev/vda1\nTYPE=${type}\nUUID=aaaa`,
    `=== ext\t/dev/vda1\nFilesystem features:      ${features}\nMount count:              ${mountCount}\nLast mount time:          Sun Nov 29 16:00:00 2026`,
    `=== part\t/dev/vda\t/dev/vda2\t254:2\t${65 * MiB}\t${128 * MiB}`,
    '=== probe\t/dev/vda2\nTYPE=LVM2_member\nUUID=bbbb',
    `=== mapped\t/dev/mapper/vg-ro--ot\t253:0\t${16 * MiB}\n0 16384 linear 254:2 2048\n16384 16384 linear 254:2 65536`,
    `=== probe\t/dev/mapper/vg-ro--ot\nTYPE=${logical}\nUUID=cccc`,
    `=== head\t/dev/mapper/vg-ro--ot\n${head}  -`,
    `=== segments\tlvm\n  ${allocated.map((row) => `/dev/vda2|${MiB}|${MiB}|${row}`).join('\n  ')}`,
  ].join('\n') + tail;
const disk = (read: MachineFacts) => selectDisk(read.disks, 'vda', { serial: 'SERIAL-1' });

describe('a machine', () => {
  it('is refused when its facts are cut', () => {
    expect(() => readFacts(facts({ tail: '' }))).toThrow(/they are cut/);
  });

  it('is captured by its used blocks, through logical volumes to the disk', () => {
    const read = readFacts(facts());
    expect(mapTasks(disk(read), 0, read)).toEqual([
      { id: `disk 0 at ${MiB}`, path: '/dev/vda1', mapper: 'extfs' },
      { id: 'volume vg-ro--ot', path: '/dev/mapper/vg-ro--ot', mapper: 'xfs' },
    ]);
    const maps = new Map([
      ['/dev/vda1', [[0, 4_096] as const]],
      ['/dev/mapper/vg-ro--ot', [[8 * MiB - 512, 1_024] as const]],
    ]);
    const { used, notes } = usedBlocks(disk(read), read, (path) => maps.get(path));
    const volume = 65 * MiB;
    expect(used).toEqual([
      [0, MiB + 4_096],
      // Its metadata; then the two pieces, 1 MiB and 32 MiB into the physical volume; then the ends of what no partition has.
      [volume, MiB],
      [volume + MiB + 8 * MiB - 512, 512],
      [volume + 32 * MiB, 512],
      [volume + 127 * MiB, 2 * MiB],
      [299 * MiB, MiB],
    ]);
    expect(notes).toEqual([]);
  });

  it('is captured with the copy of the boot sector that NTFS keeps behind its last cluster', () => {
    const used = (text: string) => {
      const read = readFacts(text);
      return usedBlocks(disk(read), read, () => [[0, 4_096]]).used;
    };
    // What follows it are the metadata of the physical volume and the first block on it.
    const ofPartition = [65 * MiB - 4_096, 4_096 + MiB + 4_096];
    const ofVolume = [65 * MiB + 40 * MiB - 4_096, 4_096];
    expect(used(facts())).not.toContainEqual(ofPartition);
    expect(used(facts({ type: 'ntfs' }))).toContainEqual(ofPartition);
    expect(used(facts())).not.toContainEqual(ofVolume);
    expect(used(facts({ logical: 'ntfs' }))).toContainEqual(ofVolume);
  });

  it.each([
    ['is not active', facts({ allocated: [...plain, '20|3|raid1'] }), 'volumes that are not active'],
    ['LVM does not know', facts({ allocated: [] }), 'its metadata could not be read'],
  ])('is read whole where a physical volume has what %s', (_what, text, why) => {
    const read = readFacts(text);
    const { used, notes } = usedBlocks(disk(read), read, () => [[0, 4_096]]);
    expect(notes).toEqual([`/dev/vda2 (LVM, ${why}) is read whole`]);
    expect(used).toContainEqual([65 * MiB, 129 * MiB]);
  });

  it('is read whole where the kernel does not show a partition of the table: it is no gap', () => {
    const read = readFacts(facts());
    const [first] = disk(read).partitions;
    const { used, notes } = usedBlocks({ ...disk(read), partitions: [first!] }, read, () => [[0, 4_096]]);
    expect(notes).toEqual(['/dev/vda2 (not shown by the kernel) is read whole']);
    expect(used).toContainEqual([65 * MiB, 129 * MiB]);
  });

  it('is read whole where the journal of a file system is to be replayed', () => {
    const read = readFacts(facts({ features: 'has_journal needs_recovery extent' }));
    expect(mapTasks(disk(read), 0, read).map(({ path }) => path)).toEqual(['/dev/mapper/vg-ro--ot']);
  });

  it('is recorded, too, where a file system lies on the disk itself', () => {
    const read = readFacts(facts());
    const { table: _none, ...bare } = { ...disk(read), probe: { uuid: 'eeee', type: 'xfs' }, partitions: [] };
    expect(recordDisk('vda', bare, read).fileSystems).toEqual([{ uuid: 'eeee', type: 'xfs' }]);
  });

  it('is read whole where a map is missing, and says so', () => {
    const read = readFacts(facts());
    const { used, notes } = usedBlocks(disk(read), read, () => undefined);
    expect(used[0]).toEqual([0, 74 * MiB]);
    expect(notes).toEqual(['/dev/vda1 (ext4) is read whole', '/dev/mapper/vg-ro--ot (xfs) is read whole']);
  });

  it('is seen to have changed when a file system was mounted since, and to be the same otherwise', () => {
    const [before, after] = [facts(), facts({ mountCount: 4 })].map((text) => readFacts(text)).map((read) => recordDisk('vda', disk(read), read)); // prettier-ignore
    expect(differences(before!, before!)).toEqual([]);
    expect(differences(before!, after!)).toEqual(['the mount count of aaaa was 3, and is 4']);
    const [clean, dirty] = [facts(), facts({ head: 'f00d' })].map((text) => readFacts(text)).map((read) => recordDisk('vda', disk(read), read)); // prettier-ignore
    expect(differences(clean!, dirty!)).toEqual(['the beginning (sha256) of cccc was beef, and is f00d']);
    expect(differences({ name: 'vda', fileSystems: [{ uuid: 'dddd', type: 'ext4' }] }, after!)).toEqual([
      'disk vda has no file system dddd (ext4)',
    ]);
  });

  it('is refused when no disk, or more than one, is the one that is meant', () => {
    const { disks } = readFacts(facts());
    expect(() => selectDisk(disks, 'vda', { serial: 'SERIAL-2' })).toThrow(/no disk of the machine with serial number SERIAL-2; it has \/dev\/vda/); // prettier-ignore
    expect(() => selectDisk([...disks, ...disks], 'vda', { sizeBytes: 300 * MiB })).toThrow(/2 disks/);
  });

  it('is refused as a target that is too small, or with other sectors, before anything is written', () => {
    const read = readFacts(facts());
    const layout = layoutOfDisk(disk(read), read, { name: 'vda', chunks: [], mapped: new Set() });
    const work = { kind: 'load', grow: true, hostKeys: true, disks: [{ name: 'vda', select: { serial: 'SERIAL-1' }, file: '/f', sizeBytes: 300 * MiB }] } as const; // prettier-ignore
    const target = disk(read);
    const refuse = (other: Partial<typeof target>) => () => refuseTargets({ ...work, disks: [...work.disks] }, [{ ...target, ...other }], [layout]); // prettier-ignore
    expect(refuse({})).not.toThrow();
    expect(refuse({ sizeBytes: 299 * MiB })).toThrow(/it has 313524224 bytes, and the image needs 314572800/);
    expect(refuse({ sectorBytes: 4_096 })).toThrow(/sectors/);
  });

  it('is refused as a target by its name alone where it has more disks than one', () => {
    const { disks } = readFacts(facts());
    const work = (select: object) => ({ kind: 'load', grow: true, hostKeys: true, disks: [{ name: 'vda', select, file: '/f', sizeBytes: 1 }] }) as const; // prettier-ignore
    const two = [...disks, { ...disks[0]!, path: '/dev/vdb', serial: 'SERIAL-2' }];
    expect(() => refuseNamesAlone({ ...work({ path: '/dev/vda' }), disks: [...work({ path: '/dev/vda' }).disks] }, two)).toThrow(/give settings\.disks\[\]\.serial \(\/dev\/vda has SERIAL-1/); // prettier-ignore
    expect(() => refuseNamesAlone({ ...work({ serial: 'S' }), disks: [...work({ serial: 'S' }).disks] }, two)).not.toThrow(); // prettier-ignore
    expect(() => refuseNamesAlone({ ...work({ path: '/dev/vda' }), disks: [...work({ path: '/dev/vda' }).disks] }, disks)).not.toThrow(); // prettier-ignore
  });

  it('has done the same steps when its disk has another name after a reset', () => {
    const idsOf = (name: string): readonly string[] => {
      const read = readFacts(facts().replaceAll('/dev/vda', `/dev/${name}`));
      const [found] = read.disks;
      const layout = layoutOfDisk(found!, read, { name: 'vda', chunks: [], mapped: new Set() });
      const larger = { ...found!, sizeBytes: 400 * MiB, partitions: [found!.partitions[0]!] };
      const { steps } = stepsOfDisk({ disk: larger, index: 0 }, layout, { grow: true });
      return [clearStep(larger, 0), ...steps, ...hostKeySteps([larger], read)].map(({ id }) => id);
    };
    expect(idsOf('vda')).toEqual(['clear disk 0', `grow-partition disk 0 at ${MiB}`, `grow-fs disk 0 at ${MiB}`, `host-keys disk 0 at ${MiB}`]); // prettier-ignore
    expect(idsOf('sdb')).toEqual(idsOf('vda'));
  });

  it('is captured under the names of its order, whatever the kernel calls its disks after a reset', () => {
    const captured = (
      device: string,
      name: string,
    ): { readonly layout: ChunkLayout; readonly maps: readonly string[] } => {
      const read = readFacts(facts().replaceAll('/dev/vda', `/dev/${device}`));
      const layout = layoutOfDisk(read.disks[0]!, read, { name, chunks: [], mapped: new Set() });
      return { layout, maps: mapTasks(read.disks[0]!, 0, read).map(({ id }) => id) };
    };
    const before = captured('sda', 'sda');
    expect(captured('sdb', 'sda')).toEqual(before);
    expect(captured('nvme0n1', 'sda').layout.table).toEqual(before.layout.table);
    expect(before.layout.contents.map(({ name }) => name)).toEqual(['sda1', 'sda2']);
    expect(before.layout.table.script).toContain('device: /dev/sda\n\n/dev/sda1 : start=2048');
    expect(captured('sda', 'nvme0n1').layout.table.script).toContain(
      'device: /dev/nvme0n1\n\n/dev/nvme0n1p1 : start=2048',
    );
  });

  it('keeps a last partition that cannot grow, and says so', () => {
    const read = readFacts(facts());
    const layout = layoutOfDisk(disk(read), read, { name: 'vda', chunks: [], mapped: new Set() });
    const larger = { ...disk(read), sizeBytes: 400 * MiB };
    expect(stepsOfDisk({ disk: larger, index: 0 }, layout, { grow: true })).toEqual({
      steps: [],
      notes: ['/dev/vda2 (LVM2_member) is left at its size: it is not grown'],
    });
  });

  it('grows the last partition with its file system, when that is wanted and the disk is larger', () => {
    const read = readFacts(facts());
    const layout = layoutOfDisk(disk(read), read, { name: 'vda', chunks: [], mapped: new Set() });
    const [first] = disk(read).partitions;
    const larger = { ...disk(read), sizeBytes: 400 * MiB, partitions: [first!] };
    expect(stepsOfDisk({ disk: larger, index: 0 }, layout, { grow: true }).steps.map(({ words }) => words)).toEqual([
      ['grow-partition', '/dev/vda', '1'],
      ['grow-fs', '/dev/vda1', 'ext4'],
    ]);
    expect(stepsOfDisk({ disk: larger, index: 0 }, layout, { grow: false }).steps).toEqual([]);
  });
});
