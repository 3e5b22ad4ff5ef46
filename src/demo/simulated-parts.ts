import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotReadyError } from '../domain/errors.ts';
import type { Catalog, NewComputer } from '../catalog/catalog.ts';
import {
  createSimulatedProvisioner,
  createSimulatedWorld,
  directoryStore,
  type SimulatedWorld,
} from '../provisioners/registry.ts';
import type { Shell } from '../remote/shell.ts';
import type { DemoDirectories } from './directories.ts';
import { formatSimulatedDisk } from '../domain/simulated-disk.ts';
import type { DemoParts, Proof } from './parts.ts';

const used = 512 * 1024 ** 2;
const page = '/srv/www/index.html';

/** The same story in a simulated world: no virtual machine, the same workflows, catalog, library and worker processes. */
export async function createSimulatedParts(catalog: Catalog, directories: DemoDirectories): Promise<DemoParts> {
  const world = createSimulatedWorld({ seed: directories.world, store: directoryStore(directories.world) });
  const provisioner = createSimulatedProvisioner(world);
  const signal = AbortSignal.timeout(3_600_000);

  async function shellTo(node: string): Promise<Shell> {
    const shell = provisioner.guestShell?.(await catalog.computers.get(node));
    if (shell === undefined) throw new NotReadyError(`no way to ${node}`);
    return shell;
  }

  return {
    introduction: 'a simulated world: no virtual machine, but real workflows, catalog, library and worker processes',
    computers: [computer('demo-1'), computer('demo-2')],
    baseImage: {
      file: await writeBaseDisk(directories.root),
      format: 'simulated',
      operatingSystem: 'simulated',
      module: 'simulated',
    },
    workerEnvironment: { IMPRINT_SIMULATED_WORLD: directories.world },
    copyRateBytes: used / 15,
    configure: async () => {
      const shell = await shellTo('demo-1');
      const set = { [page]: '<h1>Imprint demo</h1>\n', '/home/student/.bash_history': 'ls\n' };
      await shell.run('change', ['configure'], {
        signal,
        timeoutMs: 10_000,
        stdin: JSON.stringify({ set, remove: [] }),
      });
      return [`made ${page}, which must survive`, 'left a user with a home directory and a shell history'];
    },
    copyWithoutWorker: async (run) => await copyIn(world, catalog, run),
    prove: async () => await survey(await shellTo('demo-2'), signal),
    close: async () => await Promise.resolve(),
  };
}

async function writeBaseDisk(directory: string): Promise<string> {
  const file = join(directory, 'base.simulated');
  const system = { files: { '/etc/hostname': 'base' }, clean: true, mountCount: 1 };
  await writeFile(file, formatSimulatedDisk({ name: 'vda', virtualSizeBytes: 8 * 1024 ** 3, usedBytes: used, system }));
  return file;
}

async function copyIn(world: SimulatedWorld, catalog: Catalog, run: string) {
  const machine = await world.machine(await catalog.computers.get('demo-1'));
  const job = machine.jobs['copy-vda'];
  if (job?.owner !== run || job.ended) throw new NotReadyError(`the copy of run ${run} does not run`);
  const fraction = Math.min(1, ((world.now() - job.startedAt) * job.bytesPerSecond) / 1000 / job.bytes);
  return { startedAt: new Date(job.startedAt).toISOString(), fraction };
}

async function survey(loaded: Shell, signal: AbortSignal): Promise<readonly Proof[]> {
  const { stdout } = await loaded.run('files', [], { signal, timeoutMs: 10_000 });
  const files = JSON.parse(stdout) as Readonly<Record<string, string>>;
  const homes = Object.keys(files).filter((path) => path.startsWith('/home/'));
  return [
    {
      what: `${page} survived`,
      holds: files[page]?.includes('Imprint') === true,
      found: files[page]?.trim() ?? 'not there',
    },
    { what: 'no home directory is left', holds: homes.length === 0, found: homes.join(', ') || 'none' },
  ];
}

function computer(name: string): NewComputer {
  return {
    name,
    managementNode: 'demo',
    provisioningSystem: 'simulated',
    address: name,
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1024,
    cpus: 1,
    settings: { disks: [{ name: 'vda', usedBytes: used }] },
  };
}
