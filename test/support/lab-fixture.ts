import type { Computer } from '../../src/domain/computer.ts';
import { createLab } from '../../src/provisioners/lab/index.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { createSecrets } from '../../src/remote/secrets.ts';
import { freeTurns } from './free-turns.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';
import { unusedJobs } from './unused-jobs.ts';

/** A lab machine that nobody has installed: it has nothing to capture, to load or to power. */
export function createLabFixture(): ProvisionerFixture {
  const source = labComputer('source');
  return {
    provisioner: createLab(labDeps),
    source,
    target: labComputer('target'),
    misconfigured: { ...labComputer('wrong'), settings: { diskDirectory: '/srv/images' } },
    library: { name: 'mn-a', root: '/nonexistent', shell: createLocalShell() },
    jobs: unusedJobs,
    context: { signal: new AbortController().signal, progress: () => undefined },
    actOnSystem: () => Promise.reject(new Error('a lab machine has no plan')),
    observe: () => Promise.resolve({ ssh: false, reason: 'nothing answers' }),
    loadedState: () => Promise.resolve('whatever somebody else installed'),
    close: () => Promise.resolve(),
  };
}

/** No secrets, and nobody else who speaks to a controller. */
export const labDeps = { secrets: createSecrets({ values: {} }), shell: createLocalShell(), turns: freeTurns };

export function labComputer(name: string): Computer {
  return {
    id: 1,
    name,
    managementNode: 'mn-a',
    provisioningSystem: 'lab',
    address: '192.0.2.7',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1024,
    cpus: 1,
    settings: {},
    state: 'available',
    hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA'],
  };
}
