import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { execa } from 'execa';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { ImprintClient, RunHandle } from '../../src/client.ts';
import { loadWorkerConfig } from '../../src/config.ts';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import type { Revision } from '../../src/domain/image.ts';
import type { GuestImage } from '../../src/platform/guest-image.ts';
import { ensurePrivateLibvirt, stopPrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { findProcess } from '../../src/platform/process-file.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { importImageHere } from '../../src/worker/image-import.ts';
import type { TestTemporal } from './temporal.ts';
import { makeTinyDisk } from './tiny-guest.ts';
import {
  buildGuest,
  managementNode,
  openShells,
  startServices,
  startWhole,
  writeSecrets,
  type Close,
  type VmServicesOptions,
} from './vm-services.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';
import { freePort } from './free-port.ts';

/** What the second disk of the base image holds. */
export const dataOfBase = 'the second disk of the base image';

/** A whole Imprint on real parts: Temporal, PostgreSQL, a libvirt daemon of its own, worker processes, and the guest image as `base`. */
export interface VmImprint {
  readonly client: ImprintClient;
  readonly temporal: Client;
  readonly server: TestTemporal;
  readonly catalog: Catalog;
  /** Settings of its workers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly library: LibraryPlace;
  /** A context without a limit, for calls that a test makes itself. */
  readonly context: CallContext;
  /** Where a test may put files; goes with `stop`. */
  readonly root: string;
  /** Adds a node with one processor; SSH on it is a port of this machine. */
  addNode(name: string, settings?: Readonly<Record<string, unknown>>): Promise<Computer>;
  /** What lies on the host for a node: its disks, its console, its jobs. */
  directoryOf(node: string): string;
  /** Where libvirt writes down each start of the node's machine. */
  machineLogOf(node: string): string;
  /** Root's shell on a node; the node must show a host key that the catalog knows. */
  shellTo(node: string): Promise<Shell>;
  virsh(...args: string[]): Promise<string>;
  /** Ends a run in Temporal, as its UI does: the run does not learn of it, and takes nothing back. */
  terminate(run: RunHandle<unknown>): Promise<void>;
  /** Kills the libvirt daemon with SIGKILL; its machines go on. */
  killLibvirt(): Promise<void>;
  /** Starts it again, and waits until it answers. */
  startLibvirt(): Promise<void>;
  /** A worker in a process of its own, for tests that kill it. */
  startWorker(): Promise<WorkerProcess>;
  stop(): Promise<void>;
}

interface VmImprintOptions extends VmServicesOptions {
  /** Settings of its workers, beside those that they need. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts everything but a worker, and imports the base image (two disks). 30 s when the guest image was built before, else two minutes. */
export async function startVmImprint(options: VmImprintOptions = {}): Promise<VmImprint> {
  return await startWhole(async (closers) => await start(closers, options));
}

async function start(closers: Close[], options: VmImprintOptions): Promise<Omit<VmImprint, 'stop'>> {
  const guest = await buildGuest();
  const root = await mkdtemp(join(tmpdir(), 'imprint-vm-'));
  closers.push(async () => await rm(root, { recursive: true, force: true }));
  const services = await startServices(root, closers, options);
  const libvirt = await startLibvirtFor(root, closers);
  const secrets = await writeSecrets(join(root, 'secrets'), guest);
  const environment = { ...services.environment, IMPRINT_SECRETS: secrets, ...options.settings };
  const { client, temporal, server, terminate } = services;
  const { uri, virsh, killLibvirt, startLibvirt } = libvirt;
  const context = { signal: new AbortController().signal, progress: () => undefined };
  await importBase(environment, { catalog: client.catalog, root, guest, context });
  const machines = join(root, 'machines');
  await mkdir(machines);
  return {
    client,
    temporal,
    server,
    catalog: client.catalog,
    environment,
    context,
    root,
    virsh,
    terminate,
    killLibvirt,
    startLibvirt,
    library: { name: managementNode, root: environment.IMPRINT_LIBRARY, shell: createLocalShell() },
    directoryOf: (node) => join(machines, node),
    machineLogOf: (node) => join(libvirt.machineLogs, `${node}.log`),
    addNode: async (name, settings = {}) =>
      await addNode(client.catalog, name, { uri, diskDirectory: machines, ...settings }),
    shellTo: openShells(client.catalog, guest, closers),
    startWorker: async () => {
      const worker = await startWorkerProcess(environment);
      closers.push(worker.kill);
      return worker;
    },
  };
}

/** A libvirt daemon of its own. */
async function startLibvirtFor(root: string, closers: Close[]) {
  const state = await openStateDirectory(join(root, 'state'));
  const { uri } = await ensurePrivateLibvirt(state, createProgressReporter());
  closers.push(async () => await stopPrivateLibvirt(state));
  const killLibvirt = async (): Promise<void> => {
    const daemon = await findProcess(join(root, 'state', 'libvirt', 'process.json'));
    if (daemon === undefined) throw new Error('no libvirt daemon runs');
    process.kill(daemon.pid, 'SIGKILL');
  };
  const startLibvirt = async (): Promise<void> => {
    const { started } = await ensurePrivateLibvirt(state, createProgressReporter());
    if (!started) throw new Error('the libvirt daemon was running');
  };
  const virsh = async (...args: string[]): Promise<string> =>
    (await execa('virsh', ['-q', '-c', uri, ...args])).stdout.trim();
  // As root libvirt keeps them in its log directory, otherwise in its user's cache.
  const machineLogs = join(root, 'state', 'libvirt', process.getuid?.() === 0 ? 'log/qemu' : 'cache/libvirt/qemu/log');
  return { uri, machineLogs, virsh, killLibvirt, startLibvirt };
}

interface BaseImport {
  readonly catalog: Catalog;
  readonly root: string;
  readonly guest: GuestImage;
  readonly context: CallContext;
}

async function importBase(
  environment: Readonly<Record<string, string>>,
  { catalog, root, guest, context }: BaseImport,
): Promise<Revision> {
  const data = join(root, 'data.qcow2');
  await makeTinyDisk(data, 'not bootable', Buffer.from(dataOfBase));
  const files = [guest.disk, data].map((path) => ({ path, format: 'qcow2' as const }));
  const image = { image: 'base', operatingSystem: 'debian12', osModule: 'linux', comment: '', author: 'test' };
  return await importImageHere(loadWorkerConfig(environment), catalog, { ...image, from: { files } }, context);
}

async function addNode(catalog: Catalog, name: string, settings: Readonly<Record<string, unknown>>): Promise<Computer> {
  const sshPort = await freePort();
  const forwards = [{ hostPort: sshPort, guestPort: 22 }];
  return await catalog.computers.add({
    name,
    managementNode,
    provisioningSystem: 'libvirt',
    address: '127.0.0.1',
    sshPort,
    macAddresses: [],
    memoryMiB: 512,
    cpus: 1,
    settings: { accelerator: 'tcg', network: { kind: 'user', forwards }, ...settings },
  });
}

/** Names in a directory, without locks and without the fences that outlive what they guard; none when it does not exist. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !/^\.|\.(lock|fence|owner\.json)$/.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
