import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import type { Revision } from '../../src/domain/image.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createSimulatedOs } from '../../src/os/simulated/index.ts';
import type { Provisioner } from '../../src/provisioners/provisioner.ts';
import { createSimulatedProvisioner } from '../../src/provisioners/simulated/index.ts';
import {
  createSimulatedWorld,
  type SimulatedWorld,
  type SimulatedWorldOptions,
} from '../../src/provisioners/simulated/world.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';
import { unusedJobs } from './unused-jobs.ts';

/** Durations that a test can wait for. */
export const quickSettings = {
  bootSeconds: 0.02,
  shutdownSeconds: 0.02,
  preCaptureSeconds: 0.01,
  copyBytesPerSecond: 100 * 1024 ** 3,
};

export interface SimulatedFixture extends ProvisionerFixture {
  readonly world: SimulatedWorld;
  readonly provisioner: Provisioner;
}

export async function createSimulatedFixture(options: Partial<SimulatedWorldOptions> = {}): Promise<SimulatedFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-simulated-'));
  const library: LibraryPlace = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
  const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
  await prepare(library, context);
  const world = createSimulatedWorld({ seed: 'test', ...options });
  const provisioner = createSimulatedProvisioner(world);
  const os = createSimulatedOs();
  return {
    world,
    provisioner,
    library,
    context,
    jobs: unusedJobs,
    source: simulatedComputer('source', 1),
    target: simulatedComputer('target', 2),
    misconfigured: { ...simulatedComputer('wrong', 3), settings: { bootSeconds: -1, colour: 'blue' } },
    actOnSystem: async (computer, step) => {
      const shell = provisioner.guestShell!(computer);
      if (step.kind === 'seal') await os.seal(shell, { endState: 'off', revision: firstRevision }, context);
      // A system that an earlier capture has sealed has nobody left to answer.
      else if ((await world.machine(computer)).loaded?.sealed === undefined) {
        const access = { authorizedKeys: ['ssh-ed25519 AAAA test'] };
        await os.preCapture(shell, { computer, revision: firstRevision, access }, context);
      }
    },
    observe: async () => ({ ssh: false, reason: 'nothing answers' }),
    loadedState: async (computer) => {
      const { loaded, outgoing, setAside, power } = await world.machine(computer);
      const disks = loaded?.disks.map(({ name, usedBytes }) => ({ name, usedBytes }));
      return { run: loaded?.run, disks, outgoing, setAside, power };
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

export function simulatedComputer(name: string, id: number): Computer {
  return {
    id,
    name,
    managementNode: 'mn-a',
    provisioningSystem: 'simulated',
    address: name,
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1024,
    cpus: 1,
    settings: { ...quickSettings, disks: [{ name: 'vda' }, { name: 'vdb', usedBytes: 1024 }] },
    state: 'available',
  };
}

export const firstRevision: Revision = {
  id: 101,
  imageId: 100,
  image: 'suite',
  revision: 1,
  operatingSystem: 'simulated',
  osModule: 'simulated',
  state: 'capturing',
  comment: '',
  author: 'test',
  created: '2024-01-01T00:00:00Z',
};
