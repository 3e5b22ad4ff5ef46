import { describe, expect, it } from 'vitest';
import { parseChecksum, progressOf } from '../../../src/library/checksum.ts';
import { complaintOf, quoted } from '../../../src/library/debugfs.ts';
import { parseInode, parseNames, parseSuperblock } from '../../../src/library/debugfs-output.ts';
import { parseStat, sameFiles } from '../../../src/library/file-identity.ts';
import { parseFreeBytes } from '../../../src/library/prepare.ts';
import { describeCheck, parseDiskInfo } from '../../../src/library/qemu-img.ts';

describe('what stat, openssl and coreutils print', () => {
  it('is read by fields, the path last and with whatever it holds', () => {
    const text = 'regular file|196624|42|1700000000.123456789|1700000001.000000000|/lib/a|b\n';
    expect(parseStat(text)).toEqual([
      {
        path: '/lib/a|b',
        type: 'regular file',
        identity: {
          sizeBytes: 196_624,
          inode: '42',
          modified: '1700000000.123456789',
          changed: '1700000001.000000000',
        },
      },
    ]);
    expect(parseFreeBytes('100 4096\n')).toBe(409_600);
  });

  it('tells two files apart by any difference', () => {
    const file = { file: 'vda', sizeBytes: 1, inode: '2', modified: '3', changed: '4' };
    expect(sameFiles([file], [{ ...file }])).toBe(true);
    for (const change of [{ file: 'vdb' }, { sizeBytes: 2 }, { inode: '3' }, { modified: '4' }, { changed: '5' }]) {
      expect(sameFiles([file], [{ ...file, ...change }])).toBe(false);
    }
    expect(sameFiles([], [file])).toBe(false);
  });

  it('is a checksum in either tool’s form, and nothing else', () => {
    const sum = '0'.repeat(63) + 'f';
    expect(parseChecksum(`${sum} *stdin`)).toBe(sum);
    expect(parseChecksum(`${sum}  -`)).toBe(sum);
    expect(parseChecksum('sha256sum: no such file')).toBeUndefined();
    expect(parseChecksum('')).toBeUndefined();
    expect(parseChecksum(`0\n${sum} *stdin\n196616\n`)).toBe(sum);
    expect(parseChecksum(`0\n196616\n`)).toBeUndefined();
    expect(progressOf('100\n200\n0123 *stdin', 800)).toEqual({ bytesDone: 200, bytesTotal: 800, fraction: 0.25 });
    expect(progressOf('', 800)).toEqual({ bytesTotal: 800 });
  });
});

describe('what qemu-img prints', () => {
  const info = { 'virtual-size': 1_048_576, format: 'qcow2', filename: 'x', 'dirty-flag': false };
  const fault = (change: object) => parseDiskInfo(JSON.stringify({ ...info, ...change }), 'qcow2').fault;

  it('is a size, and a fault where a disk needs another file or a key', () => {
    expect(parseDiskInfo(JSON.stringify(info), 'qcow2')).toEqual({ virtualSizeBytes: 1_048_576 });
    expect(fault({ 'backing-filename': '/etc/passwd' })).toMatch(/backing file/);
    expect(fault({ encrypted: true })).toMatch(/encrypted/);
    expect(fault({ 'format-specific': { data: { 'data-file': 'x' } } })).toMatch(/data file/);
    expect(fault({ format: 'raw' })).toMatch(/format is raw/);
    expect(() => parseDiskInfo('nonsense', 'raw')).toThrow(/qemu-img info/);
  });

  it('is clean only at status 0', () => {
    const check = (exitCode: number) => describeCheck({ exitCode, stdout: '', stderr: 'why' });
    expect(check(0)).toBeUndefined();
    expect([1, 2, 3].map(check)).toEqual([
      'qemu-img check could not be completed: why',
      'qemu-img check found corruption: why',
      'qemu-img check found leaked clusters: why',
    ]);
  });
});

describe('what debugfs prints', () => {
  it('is an inode with its type, and where a short link leads', () => {
    const inode = (type: string) => `Inode: 12   Type: ${type}    Mode:  0644   Flags: 0x80000\n`;
    expect(parseInode(inode('regular'))).toEqual({ type: 'regular' });
    expect(parseInode(inode('character special'))).toEqual({ type: 'other' });
    expect(parseInode(`${inode('symlink')}Fast link dest: "../usr/lib"\n`)).toEqual({
      type: 'symlink',
      target: '../usr/lib',
    });
    expect(parseInode('')).toBeUndefined();
  });

  it('is a list of names without dots and deleted entries', () => {
    const text = '/2/040755/0/0/.//\n/2/040755/0/0/..//\n/12/100644/0/0/a b/3/\n/0/000000/0/0/gone/0/\n\n';
    expect(parseNames(text)).toEqual(['a b']);
  });

  it('is a superblock that is clean only when nothing has to be recovered', () => {
    const superblock = (features: string, state: string) =>
      parseSuperblock(
        `Filesystem features:      has_journal ${features}\nFilesystem state:         ${state}\n` +
          'Last mount time:          Sun Nov 22 16:28:46 2026\nMount count:              3\n',
      );
    expect(superblock('extent', 'clean')).toEqual({
      type: 'ext4',
      clean: true,
      lastMounted: '2026-11-22T16:28:46.000Z',
      mountCount: 3,
    });
    expect(superblock('needs_recovery', 'clean')).toMatchObject({ type: 'ext3', clean: false });
    expect(superblock('extent', 'not clean')?.clean).toBe(false);
    expect(superblock('extent', 'clean with errors')?.clean).toBe(false);
    expect(parseSuperblock('debugfs: Bad magic number')).toBeUndefined();
  });

  it('greets on its standard error, which is no complaint', () => {
    expect(complaintOf('debugfs 1.47.0 (5-Feb-2023)\n')).toBe('');
    expect(complaintOf('debugfs 1.47.0 (5-Feb-2023)\n/x: File not found by ext2_lookup \n')).toMatch(/not found/);
  });

  it('gets no path that would end its quotes', () => {
    expect(quoted('/etc/with blank')).toBe('"/etc/with blank"');
    for (const path of ['/a"b', 'relative', '/a\nb']) expect(() => quoted(path)).toThrow(/absolute path/);
  });
});
