import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { openChunkFile } from '../../src/library/chunks/chunk-file.ts';
import { listFrames } from '../../src/library/chunks/frames.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createBaremetal } from '../../src/provisioners/baremetal/index.ts';
import type { ImagingOrder } from '../../src/provisioners/baremetal/imaging.ts';
import type { Provisioner } from '../../src/provisioners/provisioner.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { FakeImaging, type ImagingFault } from './fake-imaging.ts';
import { FakeMachines } from './fake-machines.ts';
import { chunkOf, encodeLayout, layoutOf } from './chunk-disk.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';
import { unusedJobs } from './unused-jobs.ts';

const CHUNK = 65_536;

export interface BaremetalFixture extends ProvisionerFixture {
  readonly provisioner: Provisioner;
  readonly machines: FakeMachines;
  readonly imaging: FakeImaging;
}

export interface BaremetalFixtureOptions {
  readonly faults?: readonly ImagingFault[];
  /** How long a machine may take to ask; default: longer than any test lasts. */
  readonly bootSeconds?: number;
}

/** Two machines with controllers and an imaging environment that live in this process; what is captured is a real file of chunks. */
export async function createBaremetalFixture({
  faults = [],
  bootSeconds = 600,
}: BaremetalFixtureOptions = {}): Promise<BaremetalFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-baremetal-'));
  const library: LibraryPlace = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
  const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
  await prepare(library, context);
  const machines = new FakeMachines();
  const imaging = new FakeImaging(machines, { faults, carryOut });
  machines.onNetworkBoot((node) => imaging.machineAsks(node));
  const provisioner = createBaremetal({
    power: () => machines.power,
    imaging,
    capturedDisk: async (file) => ({ sizeBytes: (await listFrames(file)).layout.disk.sizeBytes }),
    pollMs: 5,
  });
  const [source, target] = [bareComputer('source', 1, { bootSeconds }), bareComputer('target', 2, { bootSeconds })];
  machines.add(source.name, 'on');
  machines.add(target.name, 'off');
  return {
    provisioner,
    machines,
    imaging,
    source,
    target,
    misconfigured: { ...bareComputer('wrong', 3), macAddresses: [], settings: { power: { kind: 'steam' } } },
    library,
    jobs: unusedJobs,
    context,
    osModule: 'linux',
    // Whatever an earlier capture has left off is on again, as somebody's work on it would have it.
    actOnSystem: async (computer, { kind }) => {
      if (kind === 'seal') machines.set(computer.name, 'off');
      else machines.set(computer.name, 'on');
    },
    observe: async () => ({ ssh: false, reason: 'nothing answers' }),
    loadedState: async ({ name }) => ({ ...machines.get(name), orders: imaging.openOrders(name) }),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** What the environment does: writes a file of chunks, or reads one whole. */
async function carryOut({ work }: ImagingOrder): Promise<void> {
  for (const disk of work.disks) {
    if (work.kind === 'load') await readFile(disk.file);
    else await captureInto(disk.file);
  }
}

async function captureInto(path: string): Promise<void> {
  await stat(dirname(path));
  const file = await openChunkFile(path);
  try {
    await file.begin(encodeLayout(layoutOf(2, CHUNK)));
    for (const at of [0, CHUNK]) await file.append(chunkOf([at, CHUNK], [[at, Buffer.alloc(4096, at + 1)]]));
  } finally {
    await file.close();
  }
}

export function bareComputer(name: string, id: number, settings: Record<string, unknown> = {}): Computer {
  return {
    id,
    name,
    managementNode: 'mn-a',
    provisioningSystem: 'baremetal',
    address: name,
    sshPort: 22,
    macAddresses: [`52:54:00:00:00:${createHash('sha256').update(name).digest('hex').slice(0, 2)}`],
    memoryMiB: 1024,
    cpus: 1,
    settings: {
      power: { kind: 'ipmi', address: '192.0.2.7', user: 'admin', passwordSecret: 'bmc' },
      disks: [{ name: 'sda', serial: 'S1', sizeBytes: 2 * CHUNK }],
      ...settings,
    },
    state: 'available',
  };
}
