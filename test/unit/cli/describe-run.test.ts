import { describe, expect, it } from 'vitest';
import { describeStatus } from '../../../src/cli/commands/status.ts';
import { boundedEvidence, describeRun } from '../../../src/cli/describe-run.ts';
import { describePlan } from '../../../src/cli/show-capture-plan.ts';
import { fields, paint, table } from '../../../src/cli/style.ts';
import { capture, step } from './runs-at-one-moment.ts';

describe('a run that is shown', () => {
  it('has its steps with times, attempts, evidence and errors', () => {
    const failed = step('5.5', 'Copy vda', {
      state: 'failed',
      attempt: 8,
      evidence: { exitCode: 1 },
      error: 'no space',
    });
    const text = describeRun(capture({ steps: [failed], status: 'FAILED' }), 'http://ui/run');
    expect(text).toContain('in Temporal  http://ui/run');
    expect(text).toContain(
      '5.5   Copy vda\n      failed, begun 2026-03-01 12:00:10, took 1s, attempt 8\n      error: no space\n      exitCode: 1',
    );
  });

  it('shows evidence within bounds', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${String(index)}`, 'y'.repeat(500)]));
    const lines = boundedEvidence(many);
    expect(lines).toHaveLength(13);
    expect(lines.at(-1)).toBe('… 28 more lines (--json has all)');
    expect(Math.max(...lines.map(({ length }) => length))).toBe(110);
  });

  it('shows lists of evidence an item a line', () => {
    const tasks = ['users', 'swap'].map((task) => ({ task, detail: 'd'.repeat(60) }));
    expect(boundedEvidence({ tasks })).toHaveLength(3);
  });
});

describe('a dry run', () => {
  const check = { problems: [], bytesNeeded: 1024 ** 3, bytesFree: 5 * 1024 ** 3, library: 'mn-a' };
  const planned = {
    id: 'copy-vda',
    title: 'Copy vda',
    by: 'provisioner',
    kind: 'copy',
    pace: 'long',
    arguments: {},
  } as const;

  it('shows each step with what takes it back, and the space', () => {
    const steps = [
      { ...planned, undo: { title: 'Remove the copy' } },
      { ...planned, undo: { none: 'it only reads' } },
    ];
    const text = describePlan('lab-07', { revision: 'web-v4', steps, check });
    expect(text).toContain('It may take 1 GiB in library mn-a; 5 GiB are free.');
    expect(text).toMatch(/1 +Copy vda\n +undo: Remove the copy\n +2 +Copy vda\n +no undo: it only reads/);
    expect(text).not.toContain('stands in the way');
  });

  it('shows what stands in the way', () => {
    const problems = [{ where: 'settings.disks', problem: 'expected one disk at least' }];
    const text = describePlan('lab-07', { revision: 'web-v4', steps: [], check: { ...check, problems } });
    expect(text).toContain('What stands in the way:\n  settings.disks: expected one disk at least');
  });
});

describe('a status', () => {
  it('has each key that was looked at with its reason', () => {
    const status = { status: 'RELOAD', ping: true, ssh: false, reasons: { status: 'no SSH', ssh: 'refused' } } as const;
    expect(describeStatus('lab-07', status)).toBe('lab-07: RELOAD, no SSH\n  ping  yes\n  ssh   no   refused');
  });
});

describe('what is printed', () => {
  it('is aligned, and says so when there is nothing', () => {
    expect(table(['node', 'state'], [['lab-07', 'available']], 'none')).toBe('NODE    STATE\nlab-07  available');
    expect(table(['node'], [], 'no nodes')).toBe('no nodes');
    expect(
      fields([
        ['a', '1'],
        ['long', '2\n3'],
      ]),
    ).toBe('a     1\nlong  2\n      3');
  });

  it('has colours only where the terminal has', () => {
    const lines = [' ✔ 1 Claim', 'plain'];
    expect(paint(lines, { colour: false })).toEqual(lines);
    expect(paint(lines, { colour: true })).toEqual(['\u001b[32m ✔ 1 Claim\u001b[39m', 'plain']);
  });
});
