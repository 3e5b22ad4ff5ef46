import { describe, expect, it } from 'vitest';
import { chainFault } from '../../../../src/provisioners/libvirt/chain.ts';
import { parseStat, touchedSince } from '../../../../src/provisioners/libvirt/disk-files.ts';
import { isInside, newDiskPath, runTag } from '../../../../src/provisioners/libvirt/names.ts';
import { powerValue } from '../../../../src/provisioners/libvirt/power.ts';
import { bareRevision } from '../../../support/libvirt-world.ts';

const link = { format: 'qcow2', virtualSizeBytes: 1, allocatedBytes: 1, hasBacking: false };
const disk = { path: '/d/a.qcow2' };
const backed = { ...link, path: '/d/a.qcow2', hasBacking: true, backingFormat: 'qcow2' };

describe('a chain', () => {
  it.each([
    ['the disk alone, wherever it lies', [{ ...link, path: '/anywhere/a.qcow2' }]],
    ['a base in a trusted directory', [backed, { ...link, path: '/library/web-v3/vda.qcow2' }]],
  ])('may be %s', (_what, chain) => {
    expect(chainFault(disk, chain, ['/library', '/d'])).toBeUndefined();
  });

  it.each([
    ['leads out of the trusted directories', [backed, { ...link, path: '/etc/shadow' }]],
    ['climbs out of one', [backed, { ...link, path: '/library/../etc/shadow' }]],
    ['leads to another protocol', [backed, { ...link, path: 'nbd://10.0.0.1/x' }]],
    ['has a sibling of a trusted directory', [backed, { ...link, path: '/library-2/x' }]],
    [
      'does not say the format of a base',
      [
        { ...link, path: '/d/a.qcow2', hasBacking: true },
        { ...link, path: '/d/b' },
      ],
    ],
    ['keeps its content elsewhere', [{ ...link, path: '/d/a.qcow2', dataFile: '/etc/shadow' }]],
  ])('is refused when it %s', (_what, chain) => {
    expect(chainFault(disk, chain, ['/library', '/d'])).toMatch(/^\/d\/a/);
  });
});

describe('the files of a disk', () => {
  const output =
    'regular file|196616|10035192|1795365254.042042250|/d/with|bar.qcow2\nregular empty file|0|7|1.0|/d/e\ndirectory|4096|3|1.0|/d\n';

  it('are regular files, whatever their names', () => {
    expect(parseStat(output)).toEqual([
      { file: '/d/with|bar.qcow2', sizeBytes: 196_616, inode: '10035192', modified: '1795365254.042042250' },
      { file: '/d/e', sizeBytes: 0, inode: '7', modified: '1.0' },
    ]);
  });

  it.each([{ sizeBytes: 1 }, { inode: '8' }, { modified: '2.0' }])(
    'were touched when they have another %j',
    (change) => {
      const before = parseStat(output);
      const now = before.map((file) => (file.file === '/d/e' ? { ...file, ...change } : file));

      expect(touchedSince(before, now)).toEqual(['/d/e']);
      expect(touchedSince(before, before)).toEqual([]);
    },
  );

  it('were touched when they are gone', () => {
    expect(touchedSince(parseStat(output), [])).toHaveLength(2);
  });
});

describe('names', () => {
  it('of new disks follow from the run, so that a retry finds them', () => {
    const path = newDiskPath('/d/lab-07', bareRevision('web', 3), 'loadNode/lab-07/1', 'vda');

    expect(path).toBe(newDiskPath('/d/lab-07', bareRevision('web', 3), 'loadNode/lab-07/1', 'vda'));
    expect(path).toMatch(/^\/d\/lab-07\/web-v3-[0-9a-f]{10}-vda\.qcow2$/);
    expect(runTag('loadNode/lab-07/1')).not.toBe(runTag('loadNode/lab-07/2'));
  });

  it.each([
    ['/d', '/d/a', true],
    ['/d', '/d/a/b', true],
    ['/d', '/d', false],
    ['/d', '/d/..a', true],
    ['/d', '/d/../e', false],
    ['/d', '/dd/a', false],
    ['/d', 'a', false],
  ])('in %s lies %s: %s', (directory, path, inside) => {
    expect(isInside(directory, path)).toBe(inside);
  });
});

describe('power', () => {
  it.each([
    ['running', 'booted', 'on'],
    ['idle', 'unknown', 'on'],
    ['paused', 'user', 'paused'],
    ['paused', 'I/O error', 'paused'],
    ['paused', 'starting up', 'turning-on'],
    ['paused', 'shutting down', 'turning-off'],
    ['in shutdown', 'user', 'turning-off'],
    ['shut off', 'shutdown', 'off'],
    ['crashed', 'panicked', 'crashed'],
    ['pmsuspended', 'unknown', 'suspended'],
    ['no state', 'unknown', 'unknown'],
    ['something new', 'unknown', 'unknown'],
  ])('is, when libvirt says %s (%s), %s', (state, reason, value) => {
    expect(powerValue({ state, reason, raw: '' })).toBe(value);
  });
});
