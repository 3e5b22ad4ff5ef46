import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { totalBytes } from '../../../src/imaging/extents.ts';
import {
  readBlkid,
  readDmTable,
  readDomainMap,
  readDumpe2fs,
  readPvSegments,
  readSfdisk,
} from '../../../src/imaging/tool-outputs.ts';

const recorded = (file: string): string => readFileSync(`test/fixtures/output/${file}`, 'utf8');

describe('the outputs of the tools', () => {
  it("of partclone's map are the used extents", () => {
    expect(readDomainMap(recorded('partclone/domain-vfat.txt'))).toEqual([[0, 0x24800]]);
    const used = readDomainMap(recorded('partclone/domain-ext4.txt'));
    expect(used[1]).toEqual([0x800400, 0x40800]);
    expect(totalBytes(used)).toBeLessThan(16 * 1024 ** 2);
  });

  it("of partclone's map are refused when they are cut", () => {
    const whole = recorded('partclone/domain-ext4.txt');
    expect(() => readDomainMap(whole.split('\n').slice(0, -4).join('\n'))).toThrow(/it is cut/);
    expect(() => readDomainMap('')).toThrow(/it is cut/);
  });

  it('of dumpe2fs are what changes when the file system is mounted', () => {
    expect(readDumpe2fs(recorded('dumpe2fs/never-mounted.txt'))).toEqual({
      ...{ state: 'clean', mountCount: 0, lastMounted: 'n/a', lastWritten: 'Sun Nov 29 16:42:21 2026' },
    });
    expect(readDumpe2fs('')).toEqual({});
  });

  it('of blkid are type, UUID and label, as far as there are any', () => {
    expect(readBlkid('DEVNAME=/dev/vda1\nUUID=C74D-A167\nLABEL=A=B\nTYPE=vfat\n')).toEqual({
      ...{ type: 'vfat', uuid: 'C74D-A167', label: 'A=B' },
    });
    expect(readBlkid('')).toEqual({});
  });

  it('of dmsetup are pieces in bytes; what is not plain has no place', () => {
    expect(readDmTable('0 8192 linear 254:2 2048\n8192 16 striped 2 128 254:2 0 254:3 0\n')).toEqual([
      { kind: 'linear', from: 0, length: 4_194_304, on: '254:2', offset: 1_048_576 },
      { kind: 'striped', from: 4_194_304, length: 8_192 },
    ]);
  });

  it('of pvs are what is allocated, and which physical volumes it knows', () => {
    const output =
      '  /dev/vda2|1048576|4194304|0|5|linear\n  /dev/vda2|1048576|4194304|5|58|free\n  [unknown]|0|0|0|1|raid1\n';
    expect(readPvSegments(`${output}  /dev/loop0|1048576|4194304|0|63|free\n`)).toEqual({
      known: ['/dev/vda2', '/dev/loop0'],
      allocated: [{ on: '/dev/vda2', extent: [1_048_576, 5 * 4_194_304] }],
    });
    expect(readPvSegments('')).toEqual({ known: [], allocated: [] });
  });

  it('of sfdisk are refused when they are none', () => {
    expect(() => readSfdisk('{"partitiontable": {')).toThrow(/partition table/);
  });
});
