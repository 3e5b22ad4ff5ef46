import { describe, expect, it } from 'vitest';
import type { ImageDisk } from '../../../../src/domain/image.ts';
import type { PlanStep } from '../../../../src/domain/plan.ts';
import { captureSteps } from '../../../../src/provisioners/libvirt/capture-plan.ts';
import { createLibvirt } from '../../../../src/provisioners/libvirt/index.ts';
import { loadSteps } from '../../../../src/provisioners/libvirt/load-plan.ts';
import { readSettings } from '../../../../src/provisioners/libvirt/settings.ts';
import { createJobs } from '../../../../src/remote/jobs.ts';
import { createLocalShell } from '../../../../src/remote/local-shell.ts';
import { bareRevision, loadRequest, tinyComputer, withDisks } from '../../../support/libvirt-world.ts';

const shell = createLocalShell();
const provisioner = createLibvirt({ shellFor: () => shell, jobs: createJobs() });
const computer = tinyComputer(1, 'lab-07', { diskDirectory: '/srv/disks' });
const disk = (name: string): ImageDisk => ({
  name,
  file: `${name}.qcow2`,
  format: 'qcow2',
  virtualSizeBytes: 2 ** 31,
  sizeBytes: 2 ** 30,
  sha256: '',
});
const copies = ['vda', 'vdb'].map((name) => ({
  disk: { name, bus: 'virtio', path: `/srv/disks/lab-07/${name}.qcow2`, format: 'qcow2' as const },
  virtualSizeBytes: 2 ** 34,
  allocatedBytes: 13_314_398_617,
}));
const capture = {
  revision: { ...bareRevision('web', 3), osModule: 'linux' },
  allowForcedOff: false,
  shutdownSeconds: 300,
};

const kinds = (plan: readonly PlanStep[]): readonly string[] => plan.map(({ kind }) => kind);

/** What every plan must keep to, whoever carries it out. */
function checkPlan(plan: readonly PlanStep[], steps: Readonly<Record<string, { undo?: unknown }>>): void {
  expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
  for (const step of plan.filter(({ by }) => by === 'provisioner')) {
    expect(steps[step.kind], step.kind).toBeDefined();
    expect('title' in step.undo, step.id).toBe(steps[step.kind]?.undo !== undefined);
  }
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
}

describe('the plan of a capture', () => {
  it('prepares, seals, confirms off, describes and copies every disk', () => {
    const plan = captureSteps('lab-07', capture, copies);

    expect(kinds(plan)).toEqual(['preCapture', 'seal', 'confirmOff', 'describe', 'copy', 'copy']);
    expect(plan.at(-2)?.title).toBe('Copy vda of lab-07 (12.4 GiB)');
    expect(plan.filter(({ pace }) => pace === 'long').map(({ id }) => id)).toEqual(['copy-vda', 'copy-vdb']);
    checkPlan(plan, provisioner.capturing?.steps ?? {});
  });

  it('presses the power button where no operating system is involved', () => {
    expect(kinds(captureSteps('lab-07', { ...capture, revision: bareRevision('web', 3) }, copies))).toEqual([
      'askOff',
      'confirmOff',
      'describe',
      'copy',
      'copy',
    ]);
  });

  it('may cut the power only where an operator allowed it, after the limit', () => {
    const plan = captureSteps('lab-07', { ...capture, allowForcedOff: true }, copies);

    expect(kinds(plan)).toEqual(['preCapture', 'seal', 'confirmOff', 'forceOff', 'describe', 'copy', 'copy']);
    expect(plan.find(({ kind }) => kind === 'confirmOff')?.deadlineSeconds).toBeGreaterThan(300);
    checkPlan(plan, provisioner.capturing?.steps ?? {});
  });
});

describe('the plan of a load', () => {
  const revision = withDisks(bareRevision('web', 3), [disk('vda'), disk('vdb')]);
  const library = { name: 'mn-a', root: '/srv/library', shell };

  it('replaces the disks, and deletes the outgoing ones only after READY', () => {
    const plan = loadSteps(loadRequest(library, computer, revision), readSettings(computer));

    expect(kinds(plan)).toEqual(['powerOffOutgoing', 'createDisk', 'createDisk', 'define', 'start', 'retireOutgoing']);
    expect(plan.map((step) => step.arguments['phase'])).toEqual([
      ...Array.from({ length: 5 }, () => 'beforeBoot'),
      'afterReady',
    ]);
    checkPlan(plan, provisioner.loading?.steps ?? {});
  });

  it('copies by jobs when the settings ask for full copies', () => {
    const settings = readSettings({ ...computer, settings: { ...computer.settings, clone: 'full-copy' } });
    const plan = loadSteps(loadRequest(library, computer, revision), settings);

    expect(plan.filter(({ pace }) => pace === 'long').map(({ title }) => title)).toEqual([
      'Copy the disk vda to lab-07 (1 GiB)',
      'Copy the disk vdb to lab-07 (1 GiB)',
    ]);
    checkPlan(plan, provisioner.loading?.steps ?? {});
  });

  it('sets the outgoing disks aside when they hold the only copy of what was sealed', () => {
    const request = { ...loadRequest(library, computer, revision), keepOutgoing: true };

    expect(loadSteps(request, readSettings(computer)).at(-1)?.title).toBe('Set aside the outgoing disks of lab-07');
  });
});
