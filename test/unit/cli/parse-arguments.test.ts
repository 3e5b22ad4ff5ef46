import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  collectHostKey,
  collectMac,
  parseBytes,
  parseDuration,
  parseMebibytes,
  wholeNumber,
} from '../../../src/cli/parse-arguments.ts';
import { parseDiskFile } from '../../../src/cli/parse-disk-file.ts';

describe('a size', () => {
  it.each([
    ['1000000', 1_000_000],
    ['512M', 512 * 1024 ** 2],
    ['10MiB', 10 * 1024 ** 2],
    ['10 MiB/s', 10 * 1024 ** 2],
    ['10MB', 10_000_000],
    ['1.5g', 1.5 * 1024 ** 3],
    ['2TiB', 2 * 1024 ** 4],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', '0', '-1', '10X', 'M', '1e9', '0x10', '10 M B', '9999999T', 'NaN'])('%j is none', (text) => {
    expect(() => parseBytes(text)).toThrow(InvalidArgumentError);
  });
});

describe('a time', () => {
  it.each([
    ['90m', 5_400_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s is %i milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '0h', '-1h', '2', '2w', '1.5h', '100000d'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
  });
});

describe('memory', () => {
  it.each([
    ['2048', 2048],
    ['2G', 2048],
    ['512MiB', 512],
  ])('%s is %i MiB', (text, mebibytes) => {
    expect(parseMebibytes(text)).toBe(mebibytes);
  });

  it.each(['0', '1.5', '100K', 'much'])('%j is none', (text) => {
    expect(() => parseMebibytes(text)).toThrow(InvalidArgumentError);
  });
});

describe('other arguments', () => {
  it('whole numbers have bounds', () => {
    expect(wholeNumber(65_535)('22')).toBe(22);
    for (const text of ['0', '65536', '1.5', '', '-1', '22x']) {
      expect(() => wholeNumber(65_535)(text)).toThrow(InvalidArgumentError);
    }
  });

  it('MAC addresses add up, in lower case', () => {
    expect(collectMac('52:54:00:AB:CD:EF', ['52:54:00:00:00:01'])).toEqual(['52:54:00:00:00:01', '52:54:00:ab:cd:ef']);
    expect(() => collectMac('52:54:00:AB:CD', undefined)).toThrow(InvalidArgumentError);
  });

  it('host keys lose their comment', () => {
    const key = `ssh-ed25519 ${'A'.repeat(68)}`;
    expect(collectHostKey(`${key} root@lab-07`, undefined)).toEqual([key]);
    expect(() => collectHostKey('lab-07', undefined)).toThrow(InvalidArgumentError);
  });
});

describe('a disk file', () => {
  it.each([
    ['/a/disk.qcow2', '/a/disk.qcow2', 'qcow2'],
    ['/a/disk.raw', '/a/disk.raw', 'raw'],
    ['/a/disk.img:raw', '/a/disk.img', 'raw'],
    ['/a/disk.raw:qcow2', '/a/disk.raw', 'qcow2'],
    ['/a/b:c/disk.QCOW2', '/a/b:c/disk.QCOW2', 'qcow2'],
  ])('%s is %s of format %s', (text, path, format) => {
    expect(parseDiskFile(text)).toEqual({ path, format });
  });

  it.each(['/a/disk.img', '/a/disk', '/a/disk.img:vmdk', ':raw'])('%s says no format', (text) => {
    expect(() => parseDiskFile(text)).toThrow(/format is not known/);
  });
});
