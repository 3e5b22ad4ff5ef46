import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { vi } from 'vitest';
import type { Computer } from '../../src/domain/computer.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { defineByHand } from './domain-by-hand.ts';
import type { LibvirtWorld } from './libvirt-world.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';

let numbers = 0;

/** Two domains on a libvirt of the test's own: `source` runs a system of one sector, `target` is still to be loaded. */
export async function createLibvirtFixture(world: LibvirtWorld): Promise<ProvisionerFixture> {
  numbers += 1;
  const source = world.computer(`suite-${String(numbers)}-source`);
  const target = world.computer(`suite-${String(numbers)}-target`);
  await prepare(world.library, world.context);
  await defineByHand(world, source);
  await world.virsh('start', source.name);
  const console = join(world.root, `${source.name}.console`);
  await vi.waitFor(async () => expectGreeting(await readFile(console, 'latin1')), { timeout: 60_000 });
  return {
    provisioner: world.provisioner,
    source,
    target,
    misconfigured: { ...source, settings: { uri: 7 } },
    library: world.library,
    jobs: createJobs({ pollIntervalMs: 100 }),
    context: world.context,
    actOnSystem: async () => await Promise.resolve(),
    observe: async () => await Promise.resolve({ ssh: false, reason: 'the guest has no network' }),
    loadedState: (computer) => loadedState(world, computer),
    close: async () => {
      for (const { name } of [source, target]) await world.virsh('destroy', name).catch(() => undefined);
    },
  };
}

function expectGreeting(text: string): void {
  if (!text.includes('hello')) throw new Error('the guest has not started yet');
}

async function loadedState(world: LibvirtWorld, computer: Computer): Promise<unknown> {
  return {
    definition: await world.virsh('dumpxml', '--inactive', computer.name).catch(() => 'none'),
    state: await world.virsh('domstate', computer.name).catch(() => 'none'),
  };
}
