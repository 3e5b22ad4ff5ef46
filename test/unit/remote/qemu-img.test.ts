import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../../src/domain/errors.ts';
import {
  convertArguments,
  overlayArguments,
  parseChain,
  parseProgress,
  qemuImgError,
} from '../../../src/remote/qemu-img.ts';
import { recorded } from '../../support/recorded.ts';

describe('the chain of a disk', () => {
  it('lists the disk and its backing file, with sizes and the formats that the headers name', () => {
    const [disk, base] = parseChain(recorded('qemu-img/chain.json'));

    expect(disk).toEqual({
      path: '/srv/imprint/lab-07/vda.qcow2',
      format: 'qcow2',
      virtualSizeBytes: 67_108_864,
      allocatedBytes: 200_704,
      backingFormat: 'qcow2',
      hasBacking: true,
    });
    expect(base).toMatchObject({ path: '/srv/imprint/lab-07/lib.qcow2', hasBacking: false });
  });

  it('notices a file that keeps its content in another one', () => {
    const link = { filename: '/a', format: 'qcow2', 'virtual-size': 1, 'actual-size': 1 };
    const text = JSON.stringify([
      { ...link, 'format-specific': { type: 'qcow2', data: { 'data-file': '/etc/shadow' } } },
    ]);

    expect(parseChain(text)).toMatchObject([{ dataFile: '/etc/shadow' }]);
  });

  it.each(['', 'no JSON', '{}', '[{"filename":"/a"}]'])('refuses %j', (output) => {
    expect(() => parseChain(output)).toThrow(IntegrityError);
  });
});

describe('the progress of a copy', () => {
  it('is the last that was printed', () => {
    const output = recorded('qemu-img/convert-progress.out');

    expect(parseProgress(output)).toBe(1);
    expect(parseProgress(output.slice(0, output.indexOf('25.00') + 12))).toBe(0.25);
  });

  it('is unknown before the first, and from half a line', () => {
    expect(parseProgress('')).toBeUndefined();
    expect(parseProgress('    (12.')).toBeUndefined();
  });
});

describe('arguments of qemu-img', () => {
  it('always names both formats', () => {
    const args = convertArguments({ path: '/d/a.img', format: 'raw' }, '/l/vda.qcow2', undefined);

    expect(args.join(' ')).toBe('convert -p -W -m 8 -f raw -O qcow2 /d/a.img /l/vda.qcow2');
    expect(overlayArguments('/l/vda.qcow2', '/d/new.qcow2')).toEqual(
      expect.arrayContaining(['-f', 'qcow2', '-F', 'qcow2', '-b', '/l/vda.qcow2']),
    );
  });

  it('limits the rate in bytes a second', () => {
    expect(convertArguments({ path: '/a', format: 'qcow2' }, '/b', 1_000_000)).toEqual(
      expect.arrayContaining(['-r', '1000000']),
    );
  });
});

describe('errors of qemu-img', () => {
  it.each([
    [recorded('qemu-img/missing.err'), 'NotFoundError'],
    [recorded('qemu-img/not-qcow2.err'), 'IntegrityError'],
    ['qemu-img: error while writing at byte 2097152: No space left on device', 'CapacityError'],
    [`qemu-img: Could not open 'vda.qcow2': Failed to get shared "write" lock`, 'UnavailableError'],
    ['qemu-img: something new', 'CommandFailedError'],
  ])('reads %j as %s', (stderr, expected) => {
    expect(qemuImgError('copy vda', 1, stderr).name).toBe(expected);
  });
});
