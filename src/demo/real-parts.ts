import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, NewComputer } from '../catalog/catalog.ts';
import { NotReadyError } from '../domain/errors.ts';
import type { GuestImage } from '../platform/guest-image.ts';
import { createJobs } from '../remote/jobs.ts';
import { createLocalShell } from '../remote/local-shell.ts';
import { configureNode, stayLoggedIn } from './administrator.ts';
import { createNodeShells } from './node-shells.ts';
import type { DemoParts } from './parts.ts';
import { compare, identify, survey, type Identity } from './survey.ts';
import type { DemoDirectories } from './directories.ts';

/** What the real machines of the demo are made of. */
export interface RealMachines {
  readonly guest: GuestImage;
  readonly accelerator: 'kvm' | 'tcg';
  /** For virsh: the demo's own libvirt daemon. */
  readonly uri: string;
  /** Ports of this machine that lead to SSH on demo-1 and demo-2. */
  readonly ports: readonly [number, number];
}

/** Slow enough that the copy of the small guest has a middle in which a worker can be killed. */
const copyRateBytes = 40 * 1024 ** 2;

/** The story on real virtual machines. */
export function createRealParts(catalog: Catalog, directories: DemoDirectories, machines: RealMachines): DemoParts {
  const [local, nodes] = [createLocalShell(), createNodeShells(catalog, machines.guest.privateKey)];
  const session = new AbortController();
  const signal = session.signal;
  let captured: Identity | undefined;

  return {
    introduction: `two real virtual machines under libvirt (${machines.accelerator}), Debian 12 with its own kernel, systemd and sshd`,
    computers: [computer('demo-1', 1, machines, directories), computer('demo-2', 2, machines, directories)],
    baseImage: { file: machines.guest.disk, format: 'qcow2', operatingSystem: 'debian12', module: 'linux' },
    workerEnvironment: {},
    copyRateBytes,
    configure: async () => {
      const { shell, hostKeys } = await nodes.to('demo-1');
      captured = await identify(shell, hostKeys, signal);
      const done = await configureNode(shell, signal);
      stayLoggedIn(shell, signal);
      return [...done, 'logged in as student, and did not log out'];
    },
    copyWithoutWorker: async (run) => {
      const directory = await copyJob(join(directories.root, 'machines', 'demo-1', '.jobs'));
      const state = await createJobs().read(local, directory, { signal, progress: () => undefined });
      if (state.phase !== 'running') throw new NotReadyError(`the copy of run ${run} is ${state.phase}`);
      const percent = [...state.outputTail.matchAll(/\(([\d.]+)\/100%\)/g)].at(-1)?.[1] ?? '0';
      return { startedAt: state.startedAt, fraction: Number(percent) / 100 };
    },
    prove: async () => {
      const { shell, hostKeys } = await nodes.to('demo-2');
      const loaded = await identify(shell, hostKeys, signal);
      return [...(await survey(shell, signal)), ...(captured === undefined ? [] : compare(captured, loaded))];
    },
    close: async () => {
      session.abort();
      await nodes.close();
    },
  };
}

/** The directory of the one copy that the demo makes of demo-1, on the host where it works. */
async function copyJob(jobs: string): Promise<string> {
  const name = (await readdir(jobs)).find((entry) => entry.endsWith('-copy-vda'));
  if (name === undefined) throw new NotReadyError(`no copy works in ${jobs}`);
  return join(jobs, name);
}

/** Two machines that differ in disk bus and network card, as two of a lab do. */
function computer(name: string, number: 1 | 2, machines: RealMachines, directories: DemoDirectories): NewComputer {
  const port = machines.ports[number - 1] ?? 0;
  return {
    name,
    managementNode: 'demo',
    provisioningSystem: 'libvirt',
    address: '127.0.0.1',
    sshPort: port,
    macAddresses: [`52:54:00:de:00:0${String(number)}`],
    memoryMiB: 768,
    cpus: 1,
    settings: {
      uri: machines.uri,
      accelerator: machines.accelerator,
      diskDirectory: join(directories.root, 'machines'),
      diskBus: number === 1 ? 'virtio' : 'sata',
      networkModel: number === 1 ? 'virtio' : 'e1000',
      network: { kind: 'user', forwards: [{ hostPort: port, guestPort: 22 }] },
    },
  };
}
