import { describe, expect, it } from 'vitest';
import { copyTarget, runOfTarget } from '../../../chaos/real/copies.ts';
import { parseStarts } from '../../../chaos/real/machine-starts.ts';
import { repeatedCopies } from '../../../chaos/real/repeated.ts';

const target = '/lib/.staging/captureImage+vm-1+k00003/vda.qcow2';

describe('what a real storm sees of its machines', () => {
  it('is a copy, by the command line that writes into staging', () => {
    const words = ['qemu-img', 'convert', '-p', '-f', 'qcow2', '-O', 'qcow2', '/machines/vda.qcow2', target, ''];

    expect(copyTarget(words, '/lib')).toBe(target);
    expect(runOfTarget(target)).toBe('captureImage/vm-1/k00003');
    expect(copyTarget(words, '/other')).toBeUndefined();
    expect(copyTarget(['qemu-img', 'info', target], '/lib')).toBeUndefined();
    expect(copyTarget(['sh', '-c', `qemu-img convert ${target}`], '/lib')).toBeUndefined();
  });

  it("is each start of a machine, by libvirt's log of it", () => {
    const log = [
      '2026-11-23 02:34:19.123+0000: starting up libvirt version: 9.0.0, package: 9.0.0-4',
      'LC_ALL=C \\',
      '2026-11-23 02:35:00.000+0000: Domain id=1 is tainted: custom-argv',
      '2026-11-23 02:36:01.500+0000: shutting down, reason=shutdown',
      '2026-11-23 02:37:00.000+0000: starting up libvirt version: 9.0.0, package: 9.0.0-4',
    ].join('\n');

    const starts = parseStarts(log).map((at) => new Date(at).toISOString());

    expect(starts).toEqual(['2026-11-23T02:34:19.123Z', '2026-11-23T02:37:00.000Z']);
  });

  it('is a copy that was begun twice; not one whose process was killed between', () => {
    const seen = [1, 2].map((pid) => ({ pid, target, seenAt: pid }));
    const copies = { seen: () => seen, running: () => [], stop: async () => await Promise.resolve() };

    expect(repeatedCopies({ copies, copiesKilled: [] })).toMatchObject([{ times: 2, allowed: 1 }]);
    expect(repeatedCopies({ copies, copiesKilled: [{ target, bytes: 7 }] })).toEqual([]);
  });
});
