import { describe, expect, it } from 'vitest';
import { copyTarget, runOfTarget } from '../../../chaos/real/copies.ts';
import { parseStarts } from '../../../chaos/real/machine-starts.ts';
import { repeatedCopies } from '../../../chaos/real/repeated.ts';
import { isSealedAt } from '../../../chaos/real/sealed-window.ts';
import type { StepRecord } from '../../../src/domain/run.ts';

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

  it('is a machine that is sealed from the end of its preparation until its copy is in the library', () => {
    const step = (number: string, title: string, [startedAt, endedAt]: readonly [string, string]): StepRecord => ({
      ...{ number, title, state: 'done', attempt: 1 },
      startedAt: `2026-11-23T${startedAt}Z`,
      endedAt: `2026-11-23T${endedAt}Z`,
    });
    const steps = [
      step('5.1', 'Prepare the system of vm-1', ['03:00:00', '03:01:00']),
      step('5.2', 'Seal vm-1 and let it power off', ['03:01:20', '03:01:30']),
      step('7.1', 'Move image-v1 from staging into the library', ['03:02:00', '03:02:01']),
      step('8.5.5', 'Start vm-1', ['03:02:05', '03:02:06']),
    ];
    const sealedAt = (time: string): boolean => isSealedAt(steps, Date.parse(`2026-11-23T${time}Z`));

    expect(['03:00:30', '03:01:10', '03:01:59', '03:02:05'].map(sealedAt)).toEqual([false, true, true, false]);
    expect(isSealedAt(steps.slice(0, 2), Date.parse('2026-11-23T04:00:00Z'))).toBe(true);
    expect(isSealedAt(steps.slice(2), Date.parse('2026-11-23T03:01:10Z'))).toBe(false);
  });
});
