import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { NewComputer } from '../catalog/catalog.ts';
import { baseAddress, firstScript } from '../imaging/boot-script.ts';
import { emulatedKernel } from '../platform/guest/emulated-kernel.ts';
import type { StateDirectory } from '../platform/state-directory.ts';
import { makeBareMachine, endBareMachine, type BareMachine } from './bare-machine.ts';
import type { BareHardware } from './bare-hardware.ts';
import { tellBareMetal } from './baremetal-story.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { prepareGuest, type PreparedGuest } from './guest.ts';
import { provideEnvironment } from './imaging-environment.ts';
import { ipmiSimLogin, startIpmiSim, stopIpmiSim } from './ipmi-sim.ts';
import { demoNode, introduce, registerNodes } from './register.ts';
import type { Outcome } from './story.ts';

/** Two machines that Imprint knows only by their management controllers and their network cards. */
export const baremetalDemo: DemoSystem = {
  summary:
    'two machines behind IPMI controllers, imaged over the network; the worker is killed, and a machine is reset',
  libvirt: false,
  packages: ['vm', 'sealCheck', 'ssh', 'imaging', 'ipmiSim'],
  tell: async (scene) => {
    try {
      return await tell(scene);
    } finally {
      if (!scene.keep) await clear(scene.platform.state);
    }
  },
  clear,
};

const GiB = 1024 ** 3;
const password = 'sesame';
/** The address under which QEMU's own network shows this host to a machine. */
const hostAddress = '10.0.2.2';

/** As two machines of a lab may differ. The second disk is larger, and empty. */
const hardware = [
  { name: 'demo-1', mac: '52:54:00:de:00:01', card: 'virtio', bus: 'virtio', diskName: 'vda', diskBytes: 2 * GiB },
  { name: 'demo-2', mac: '52:54:00:de:00:02', card: 'e1000', bus: 'sata', diskName: 'sda', diskBytes: 3 * GiB },
] as const;
type Hardware = (typeof hardware)[number];

type Place = Pick<StateDirectory, 'path'>;

/** Beside the demo's directory, so that the next demo still finds what runs there. */
function homeOf({ path }: Place): string {
  return join(path, 'demo.baremetal');
}

async function clear(place: Place): Promise<void> {
  for (const { name } of hardware) {
    await stopIpmiSim(join(homeOf(place), name, 'controller'));
    await endBareMachine(join(homeOf(place), name));
  }
  await rm(homeOf(place), { recursive: true, force: true });
}

async function tell(scene: DemoScene): Promise<Outcome> {
  const { client, platform, directories, say } = scene;
  const prepared = await prepareGuest(scene);
  await scene.reporter.during('Preparing the imaging environment', async () => {
    await provideEnvironment(platform.state, directories.library);
  });
  await writeFile(join(directories.secrets, 'bmc'), `${password}\n`, { mode: 0o600 });
  const ports = await imagingPorts(platform.state);
  await serveBootScript(platform.state, ports.http);
  say(
    `   two machines of firmware, disk and network card (QEMU, ${prepared.accelerator}), each behind a controller that speaks IPMI (OpenIPMI's simulator)`,
  );
  const [source, target] = [await makeNode(scene, prepared, hardware[0]), await makeNode(scene, prepared, hardware[1])];
  await registerNodes(client.catalog, [source.computer, target.computer], scene.environment, say);
  const known = { system: 'baremetal', operatingSystem: 'debian12', module: 'linux', installType: 'image' };
  await introduce(client.catalog, known, say);
  return await tellBareMetal(scene, {
    source: source.machine,
    target: target.machine,
    privateKey: prepared.guest.privateKey,
    workerSettings: workerSettings(ports),
  });
}

interface Ports {
  readonly http: number;
  readonly https: number;
}

async function imagingPorts(state: StateDirectory): Promise<Ports> {
  return { http: await state.freePort('demo-imaging-http'), https: await state.freePort('demo-imaging-https') };
}

/** QEMU's own network is a router between the machines and this host. */
function workerSettings({ http, https }: Ports): Readonly<Record<string, string>> {
  return {
    IMPRINT_IMAGING_ADDRESS: hostAddress,
    IMPRINT_IMAGING_LISTEN: '127.0.0.1',
    IMPRINT_IMAGING_SEGMENT: 'routed',
    IMPRINT_IMAGING_KERNEL_PARAMETERS: emulatedKernel.join(' '),
    IMPRINT_IMAGING_HTTP_PORT: String(http),
    IMPRINT_IMAGING_HTTPS_PORT: String(https),
  };
}

function tftpOf(place: Place): string {
  return join(homeOf(place), 'tftp');
}

/** As a site's TFTP server does. */
async function serveBootScript(place: Place, httpPort: number): Promise<void> {
  await mkdir(tftpOf(place), { recursive: true, mode: 0o700 });
  await writeFile(join(tftpOf(place), 'boot.ipxe'), firstScript(baseAddress(hostAddress, httpPort)));
}

interface Node {
  readonly machine: BareMachine;
  readonly computer: NewComputer;
}

/** A machine that is off, and the controller in front of it. */
async function makeNode(
  { platform: { state } }: DemoScene,
  { guest, accelerator }: PreparedGuest,
  made: Hardware,
): Promise<Node> {
  const { name, mac, card, bus, diskBytes } = made;
  const directory = join(homeOf(state), name);
  const controller = join(directory, 'controller');
  await mkdir(controller, { recursive: true, mode: 0o700 });
  const disk = { path: join(directory, 'disk.qcow2'), serial: `${name}-disk`, bus };
  await makeDisk(disk.path, name === 'demo-1' ? ['-b', guest.disk, '-F', 'qcow2'] : [], diskBytes);
  const [sshPort, port] = [await state.freePort(name), await state.freePort(`${name}-controller`)];
  const parts: BareHardware = { name, accelerator, mac, card, disk, sshPort, tftp: tftpOf(state) };
  const machine = await makeBareMachine(directory, parts);
  await startIpmiSim({ directory: controller, port, password, machine: machine.program });
  return { machine, computer: computerOf(made, { serial: disk.serial, sshPort, controllerPort: port }) };
}

async function makeDisk(path: string, content: readonly string[], bytes: number): Promise<void> {
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...content, path, String(bytes)]);
}

interface Access {
  readonly serial: string;
  readonly sshPort: number;
  readonly controllerPort: number;
}

/** What an administrator registers of it. */
function computerOf({ name, mac, diskName }: Hardware, { serial, sshPort, controllerPort }: Access): NewComputer {
  const login = { ...ipmiSimLogin, passwordSecret: 'bmc', restSeconds: 0, confirmSeconds: 60 };
  const settings = {
    power: { kind: 'ipmi', address: '127.0.0.1', port: controllerPort, ...login },
    disks: [{ name: diskName, serial }],
    bootMode: 'bios',
  };
  return { ...demoNode(name, 'baremetal', settings), sshPort, macAddresses: [mac], memoryMiB: 768, cpus: 2 };
}
