import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { ImprintClient } from '../../src/client.ts';
import { provideEnvironment } from '../../src/demo/imaging-environment.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { emulatedKernel } from '../../src/platform/guest/emulated-kernel.ts';
import type { GuestImage } from '../../src/platform/guest-image.ts';
import { stopPrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { ensurePythonTools } from '../../src/platform/python-tools.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { defineBareMachine, type BareDisk, type BareMachine } from './bare-machine.ts';
import { startSushy, startVirtualBmc, type MachinesOfLibvirt } from './emulated-controllers.ts';
import { startSegment, type DhcpServer, type Segment } from './segment.ts';
import {
  buildGuest,
  managementNode,
  openShells,
  startServices,
  startWhole,
  writeSecrets,
  type Close,
} from './vm-services.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/** A machine that is to be added. */
export interface BareNode {
  readonly name: string;
  readonly disks: readonly BareDisk[];
  readonly firmware: 'bios' | 'uefi';
  /** What stands before it: virtualbmc or sushy-emulator. */
  readonly controller: 'ipmi' | 'redfish';
}

/** Imprint with machines of bare metal: controllers, firmware, a segment with DHCP, and a worker that serves it. */
export interface BaremetalImprint {
  readonly client: ImprintClient;
  readonly catalog: Catalog;
  readonly segment: Segment;
  readonly root: string;
  readonly library: string;
  readonly guest: GuestImage;
  /** A disk in qcow2 below `root`. Its content: that of another, in qcow2 or `.raw`, or nothing; larger than that by growing at its end. */
  disk(name: string, content: { readonly of?: string; readonly bytes: number }): Promise<string>;
  /** Defines the machine; it is off, and no node yet. */
  machine(node: BareNode): Promise<BareMachine>;
  /** Makes a node of it. */
  addNode(node: BareNode, hostKeys?: readonly string[]): Promise<Computer>;
  /** Root's shell on a node; the node must show a host key that the catalog knows. */
  shellTo(node: string): Promise<Shell>;
  startWorker(): Promise<WorkerProcess>;
  stop(): Promise<void>;
}

const childProgram = new URL('libvirt-in-namespace-child.ts', import.meta.url).pathname;

export interface BaremetalOptions {
  /** Of all machines; each gets a card and an address. */
  readonly names: readonly string[];
  readonly dhcp: DhcpServer;
}

export async function startBaremetalImprint(options: BaremetalOptions): Promise<BaremetalImprint> {
  return await startWhole(async (closers) => await start(options, closers));
}

async function start({ names, dhcp }: BaremetalOptions, closers: Close[]): Promise<Omit<BaremetalImprint, 'stop'>> {
  const guest = await buildGuest();
  const root = await mkdtemp(join(tmpdir(), 'imprint-bm-'));
  closers.push(async () => await rm(root, { recursive: true, force: true }));
  const services = await startServices(root, closers);
  const library = services.environment.IMPRINT_LIBRARY;
  await provideEnvironment(await openStateDirectory(), library);
  const macs = names.map((_name, index) => `52:54:00:ba:00:${(index + 16).toString(16)}`);
  const segment = await startSegment({ home: root, macs, dhcp }, closers);
  const host = { root, uri: await startLibvirtIn(segment, root, closers) };
  const environment = {
    ...services.environment,
    IMPRINT_SECRETS: await writeSecrets(join(root, 'secrets'), guest),
    IMPRINT_SECRET_BMC: 'sesame',
    IMPRINT_IMAGING_ADDRESS: segment.address,
    IMPRINT_IMAGING_KERNEL_PARAMETERS: emulatedKernel.join(' '),
  };
  const { client } = services;
  await introduce(client.catalog);
  const controllers = controllersOf(host, closers);
  const cardOf = (name: string) => segment.machines[names.indexOf(name)] ?? { mac: '', address: '' };
  return {
    ...{ client, catalog: client.catalog, segment, root, library, guest },
    disk: async (name, content) => await makeDisk(join(root, `${name}.qcow2`), content),
    machine: async ({ name, disks, firmware }) =>
      await defineBareMachine(host, { name, disks, firmware, mac: cardOf(name).mac }),
    addNode: async (node, hostKeys) =>
      await client.catalog.computers.add({
        ...{ name: node.name, managementNode, provisioningSystem: 'baremetal', sshPort: 22, memoryMiB: 768, cpus: 1 },
        ...{ address: cardOf(node.name).address, macAddresses: [cardOf(node.name).mac] },
        settings: {
          power: await controllers[node.controller](node.name),
          disks: node.disks.map(({ serial }, index) => ({ name: `sd${'ab'.charAt(index)}`, serial })),
          bootMode: node.firmware,
        },
        ...(hostKeys === undefined ? {} : { hostKeys }),
      }),
    shellTo: openShells(client.catalog, guest, closers),
    startWorker: async () => {
      const worker = await startWorkerProcess(environment);
      closers.push(worker.kill);
      return worker;
    },
  };
}

/** What an administrator registers once. */
async function introduce({ operatingSystems }: Catalog): Promise<void> {
  await operatingSystems.register({ name: 'debian12', module: 'linux', installType: 'image' });
  await operatingSystems.allowInstallType('baremetal', 'image');
}

/** Its machines are in the daemon's network namespace, too. */
async function startLibvirtIn({ namespace }: Segment, root: string, closers: Close[]): Promise<string> {
  const state = await openStateDirectory(join(root, 'state'));
  closers.push(async () => await stopPrivateLibvirt(state));
  const child = [process.execPath, '--import', 'tsx', childProgram, join(root, 'state')];
  return (await execa('ip', ['netns', 'exec', namespace, ...child])).stdout;
}

/** Settings of a machine's power by what stands before it. */
function controllersOf(host: MachinesOfLibvirt, closers: Close[]) {
  const login = { user: 'admin', passwordSecret: 'bmc', restSeconds: 0, confirmSeconds: 60 };
  const tools = openStateDirectory().then(async (state) => await ensurePythonTools(state, createProgressReporter()));
  // One stands before all machines.
  let sushy: Promise<Readonly<Record<'url' | 'certificateFingerprint', string>>> | undefined;
  return {
    ipmi: async (name: string) => {
      const { daemon, port } = await startVirtualBmc(await tools, host, name);
      closers.push(daemon.stop);
      return { kind: 'ipmi', address: '127.0.0.1', port, cipherSuite: 3, ...login };
    },
    redfish: async (name: string) => {
      sushy ??= tools.then(async (directory) => {
        const { daemon, ...access } = await startSushy(directory, host);
        closers.push(daemon.stop);
        return access;
      });
      const access = await sushy;
      const { stdout: system } = await execa('virsh', ['-q', '-c', host.uri, 'domuuid', name]);
      return { kind: 'redfish', system: system.trim(), ...access, ...login };
    },
  };
}

async function makeDisk(
  path: string,
  { of, bytes }: { readonly of?: string; readonly bytes: number },
): Promise<string> {
  if (of === undefined) await execa('qemu-img', ['create', '-q', '-f', 'qcow2', path, String(bytes)]);
  else
    await execa('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      of,
      '-F',
      of.endsWith('.raw') ? 'raw' : 'qcow2',
      path,
      String(bytes),
    ]);
  return path;
}
