import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Shell } from '../../src/remote/shell.ts';
import type { VmImprint } from './vm-imprint.ts';

/** A running machine that was saved with its memory and its disks: a boot takes a minute without KVM, coming back takes seconds. */
export interface SavedMachine {
  /** Whatever became of it: it runs again as it did when it was saved, `available`, and answers over SSH. */
  restore(): Promise<Shell>;
  /** Cuts its power, if it is on. */
  cutPower(): Promise<void>;
}

/** Saves a running machine, which is off afterwards. */
export async function saveMachine(imprint: VmImprint, node: string): Promise<SavedMachine> {
  const { virsh } = imprint;
  const directory = join(imprint.root, 'saved', node);
  await mkdir(directory, { recursive: true });
  const memory = join(directory, 'memory');
  await virsh('save', node, memory);
  const disks = await disksOf(imprint, node);
  for (const [index, disk] of disks.entries()) await cp(disk, join(directory, String(index)));

  const cutPower = async (): Promise<void> => {
    if ((await virsh('domstate', node)) !== 'shut off') await virsh('destroy', node);
  };
  return {
    cutPower,
    restore: async () => {
      await cutPower();
      for (const [index, disk] of disks.entries()) {
        await rm(disk);
        await cp(join(directory, String(index)), disk);
      }
      await virsh('restore', memory);
      await makeAvailable(imprint, node);
      const shell = await imprint.shellTo(node);
      await answers(shell);
      return shell;
    },
  };
}

async function disksOf({ virsh }: VmImprint, node: string): Promise<readonly string[]> {
  const lines = (await virsh('domblklist', node, '--inactive')).split('\n');
  return lines.map((line) => line.trim().split(/\s+/)[1] ?? '').filter((path) => path.startsWith('/'));
}

async function makeAvailable({ catalog }: VmImprint, node: string): Promise<void> {
  const { state } = await catalog.computers.get(node);
  if (state !== 'available') await catalog.computers.changeState(node, [state], 'available');
}

async function answers(shell: Shell): Promise<void> {
  const options = { signal: AbortSignal.timeout(120_000), timeoutMs: 30_000 };
  await vi.waitFor(async () => await shell.run('true', [], options), { timeout: 120_000, interval: 500 });
}
