import { spawn, type ChildProcess } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { hostKeysOnConsole } from '../../src/os/linux/first-boot.ts';
import { buildGuestImage, type GuestImage } from '../../src/platform/guest-image.ts';
import { withStartLock } from '../../src/platform/start-lock.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createSshShell, type ClosableShell } from '../../src/remote/ssh-shell.ts';
import { openQmp, type Qmp } from './qmp.ts';
import { freePort } from './free-port.ts';

/** A boot takes 25 s of processor time under emulation, and the cores are shared. */
const BOOT_MS = 8 * 60_000;

export type Bus = 'virtio' | 'scsi' | 'sata' | 'ide';
export type Nic = 'virtio-net-pci' | 'e1000' | 'e1000e';

export interface GuestOptions {
  readonly image: GuestImage;
  /** The disk to boot, in qcow2; it is not changed, the guest writes into an overlay. Default: the image's own. */
  readonly disk?: string;
  /** Default `virtio`. */
  readonly bus?: Bus;
  /** Default `virtio-net-pci`. */
  readonly nic?: Nic;
}

/** A virtual machine without libvirt, that ends with `kill` or with its own power-off. */
export interface Guest {
  /** Leads to the guest's port 22, on the loopback. */
  readonly port: number;
  /** What the guest printed on its serial console. */
  readonly hostKeys: readonly string[];
  /** The disk that the guest writes to: a qcow2 overlay. */
  readonly disk: string;
  /** A new connection as root that accepts only these host keys; default: the printed ones. */
  shell(accepted?: readonly string[]): ClosableShell;
  powerState(): 'on' | 'off';
  console(): Promise<string>;
  /** Waits until the guest powered itself off. */
  waitOff(timeoutMs: number): Promise<void>;
  /** Copies the overlay as it is now; the guest stands still meanwhile. */
  copyDisk(to: string): Promise<void>;
  kill(): Promise<void>;
  /** Kills it and deletes its disk. */
  remove(): Promise<void>;
}

/** The guest image, built once for each checkout. */
export async function guestImage(): Promise<GuestImage> {
  const directory = await (await openStateDirectory()).directory('guest');
  return await buildGuestImage({ directory, report: () => undefined });
}

/** Boots a guest and waits for its host keys on the console and for SSH. */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  const home = await scratch(options.image);
  const guest = await start(options, home);
  await ready(guest);
  return guest;
}

/**
 * A guest that has booted before: its memory was saved right after the first boot from the image, once for each checkout. It takes seconds
 * instead of a minute. All such guests have the same host keys and machine-id.
 */
export async function resumeGuest(image: GuestImage): Promise<Guest> {
  const saved = await savedGuest(image);
  const home = await scratch(image);
  await execa('cp', [join(saved, 'console'), join(home, 'console')]);
  const state = ['-incoming', `exec:zstd -dcq ${join(saved, 'memory.zst')}`];
  const guest = await start({ image, disk: join(saved, 'disk.qcow2') }, home, state);
  await letRun(join(home, 'qmp'));
  await ready(guest);
  return guest;
}

async function savedGuest(image: GuestImage): Promise<string> {
  const saved = join(dirname(image.disk), 'booted');
  return await withStartLock(`${saved}.lock`, 2 * BOOT_MS, async () => {
    if (!(await exists(saved))) await save(image, saved);
    return saved;
  });
}

async function save(image: GuestImage, saved: string): Promise<void> {
  const partial = `${saved}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial);
  const guest = await start({ image }, partial);
  await ready(guest);
  const qmp = await openQmp(join(partial, 'qmp'));
  await qmp.command('stop');
  await qmp.command('migrate-set-parameters', { 'max-bandwidth': 10 ** 10 });
  await qmp.command('migrate', { uri: `exec:zstd -1 -q > ${join(partial, 'memory.zst')}` });
  await vi.waitUntil(async () => await isMigrated(qmp), { timeout: 180_000, interval: 200 });
  qmp.close();
  await guest.kill();
  await rename(partial, saved);
}

async function isMigrated(qmp: Qmp): Promise<boolean> {
  const { status } = (await qmp.command('query-migrate')) as { status: string };
  if (status === 'failed') throw new Error('QEMU could not save the guest');
  return status === 'completed';
}

/** A guest that was saved while it was stopped is stopped also when its memory is back. */
async function letRun(socket: string): Promise<void> {
  const qmp = await vi.waitFor(async () => await openQmp(socket), { timeout: 30_000, interval: 50 });
  await vi.waitUntil(async () => ((await qmp.command('query-status')) as { status: string }).status === 'paused', {
    timeout: 120_000,
    interval: 50,
  });
  await qmp.command('cont');
  qmp.close();
}

async function scratch(image: GuestImage): Promise<string> {
  // Beside the image: /tmp may be too small for the disks of several guests.
  const runs = join(dirname(dirname(image.disk)), 'runs');
  await mkdir(runs, { recursive: true });
  return await mkdtemp(join(runs, 'guest-'));
}

async function start(options: GuestOptions, home: string, extra: readonly string[] = []): Promise<Guest> {
  const disk = join(home, 'disk.qcow2');
  const backing = options.disk ?? options.image.disk;
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', disk]);
  const port = await freePort();
  const child = spawn('qemu-system-x86_64', [...machine(options, home, disk, port), ...extra], { stdio: 'ignore' });
  return describeGuest(options.image, { child, home, disk, port });
}

function machine({ bus = 'virtio', nic = 'virtio-net-pci' }: GuestOptions, home: string, disk: string, port: number) {
  return [
    // See test/support/bare-machine.ts for erms.
    ...['-accel', 'tcg', '-cpu', 'max,erms=off', '-smp', '1', '-m', '512'],
    ...['-display', 'none', '-nodefaults', '-vga', 'none'],
    ...['-drive', `file=${disk},if=none,id=disk,format=qcow2,cache=unsafe`, ...BUSES[bus]],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${String(port)}-:22`, '-device', `${nic},netdev=net,romfile=`],
    ...['-chardev', `file,id=console,append=on,path=${join(home, 'console')}`, '-serial', 'chardev:console'],
    ...['-qmp', `unix:${join(home, 'qmp')},server=on,wait=off`],
  ];
}

const BUSES: Readonly<Record<Bus, readonly string[]>> = {
  virtio: ['-device', 'virtio-blk-pci,drive=disk'],
  scsi: ['-device', 'virtio-scsi-pci', '-device', 'scsi-hd,drive=disk'],
  sata: ['-device', 'ich9-ahci,id=ahci', '-device', 'ide-hd,drive=disk,bus=ahci.0'],
  ide: ['-device', 'ide-hd,drive=disk,bus=ide.0'],
};

interface Running {
  readonly child: ChildProcess;
  readonly home: string;
  readonly disk: string;
  readonly port: number;
}

function describeGuest(image: GuestImage, { child, home, disk, port }: Running): Guest {
  const isOff = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const readConsole = async (): Promise<string> => await readFile(join(home, 'console'), 'utf8').catch(() => '');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await vi.waitUntil(isOff, { timeout: 10_000, interval: 20 });
  };
  let hostKeys: readonly string[] = [];
  return {
    port,
    disk,
    get hostKeys() {
      return hostKeys;
    },
    shell: (accepted = hostKeys) =>
      createSshShell({
        ...{ address: '127.0.0.1', port, user: 'root', hostKeys: accepted, connectTimeoutMs: 60_000 },
        privateKey: async () => await readFile(image.privateKey, 'utf8'),
      }),
    powerState: () => (isOff() ? 'off' : 'on'),
    console: async () => {
      const text = await readConsole();
      hostKeys = hostKeysOnConsole(text) ?? hostKeys;
      return text;
    },
    waitOff: async (timeoutMs) => {
      await vi.waitUntil(isOff, { timeout: timeoutMs, interval: 200 });
    },
    copyDisk: async (to) => {
      const qmp = await openQmp(join(home, 'qmp'));
      await qmp.command('stop');
      await execa('cp', ['--sparse=always', disk, to]);
      await qmp.command('cont');
      qmp.close();
    },
    kill,
    remove: async () => {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function ready(guest: Guest): Promise<void> {
  await vi.waitUntil(
    async () => {
      if (guest.powerState() === 'off') throw new Error(`the guest ended: ${(await guest.console()).slice(-1_000)}`);
      await guest.console();
      return guest.hostKeys.length > 0;
    },
    { timeout: BOOT_MS, interval: 200 },
  );
  await vi.waitUntil(async () => await answers(guest), { timeout: BOOT_MS, interval: 500 });
}

async function answers(guest: Guest): Promise<boolean> {
  const shell = guest.shell();
  try {
    await shell.run('true', [], { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 });
    return true;
  } catch {
    return false;
  } finally {
    await shell.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
