import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { UnavailableError, UnsupportedError } from '../domain/errors.ts';
import { findCommand } from './commands.ts';
import { exists } from './exists.ts';
import { prepareLibvirtPlaces, type LibvirtPlaces } from './libvirt-configuration.ts';
import { findProcess, startDetached, stopProcess, type DetachedCommand } from './process-file.ts';
import type { ProgressReporter } from './progress.ts';
import { withStartLock } from './start-lock.ts';
import type { StateDirectory } from './state-directory.ts';
import { ensureSystemAccount } from './system-account.ts';

export interface LibvirtService {
  /** For `virsh --connect`; needs nothing in the environment. */
  readonly uri: string;
  readonly started: boolean;
  /** Ends the machines of this daemon and the daemon, if this call started it. */
  stop(): Promise<void>;
}

/** The first answer waits for the probe of each emulator that is installed: eight seconds on a slow machine. */
const startLimitMs = 120_000;

/**
 * As root libvirtd is always the system's daemon, whatever its environment says: it sees directories of the state directory in the places
 * of the system's, and is thereby another one. Later mounts of the host stay visible to it (`slave`).
 */
const startInOwnDirectories = `
  set -e
  for name in run lib log cache; do
    case $name in run) place=/run/libvirt ;; *) place=/var/$name/libvirt ;; esac
    mkdir -p "$place"
    mount --bind "$1/$name" "$place"
  done
  mkdir -p /etc/libvirt
  mount --bind "$1/etc/libvirt" /etc/libvirt
  exec "$2" --config "$1/etc/libvirt/libvirtd.conf" --pid-file "$1/libvirtd.pid"
`;

/**
 * A libvirt daemon of this state directory alone: started, or found running. It shares nothing with the system's libvirt, and another clone
 * has its own. Throws UnsupportedError when libvirt is not installed, UnavailableError when the daemon does not answer.
 */
export async function ensurePrivateLibvirt(state: StateDirectory, report: ProgressReporter): Promise<LibvirtService> {
  const places = await prepareLibvirtPlaces(await state.directory('libvirt'));
  return await withStartLock(join(places.home, 'start.lock'), startLimitMs, async () => {
    const uri = uriOf(places);
    const running = (await findProcess(processFileOf(places))) !== undefined;
    if (running && (await libvirtAnswers(uri))) return { uri, started: false, stop: async () => undefined };
    await stopProcess(processFileOf(places));
    await report.during('Starting libvirt', async () => await startDaemon(places, uri));
    return { uri, started: true, stop: () => stopPrivateLibvirt(state) };
  });
}

/** Ends the machines of the private daemon and the daemon, whoever started it. Nothing runs: success. */
export async function stopPrivateLibvirt(state: StateDirectory): Promise<void> {
  const places = await prepareLibvirtPlaces(await state.directory('libvirt'));
  if ((await findProcess(processFileOf(places))) !== undefined) await destroyMachines(uriOf(places));
  await stopProcess(processFileOf(places));
  // It lies outside the state directory, and is made again at the next start.
  await rm(places.sockets, { recursive: true, force: true });
}

async function startDaemon(places: LibvirtPlaces, uri: string): Promise<void> {
  const processFile = processFileOf(places);
  const logFile = join(places.home, 'libvirtd.log');
  await startDetached({ ...(await daemonCommand(places)), logFile, processFile });
  const deadline = Date.now() + startLimitMs;
  while (!(await libvirtAnswers(uri))) {
    const ended = (await findProcess(processFile)) === undefined;
    if (ended || Date.now() > deadline) {
      await stopProcess(processFile);
      const log = (await readFile(logFile, 'utf8')).slice(-1_000);
      throw new UnavailableError(`could not start libvirt: ${ended ? 'it ended' : 'it does not answer'}`, {
        evidence: { log },
      });
    }
    await delay(200);
  }
}

async function daemonCommand(places: LibvirtPlaces): Promise<Pick<DetachedCommand, 'file' | 'args' | 'env'>> {
  const libvirtd = await findCommand('libvirtd');
  if (libvirtd === undefined) throw new UnsupportedError('could not start libvirt: libvirtd is not installed');
  if (process.getuid?.() === 0) {
    // Debian's libvirtd looks for it before it reads under whose name machines are to run. Only the package of the system's own daemon brings it.
    if (await exists('/etc/debian_version'))
      await ensureSystemAccount('libvirt-qemu', { without: 'libvirtd does not start', groups: ['kvm'] });
    const script = ['sh', '-c', startInOwnDirectories, 'sh', places.home, libvirtd];
    return { file: 'unshare', args: ['--mount', '--propagation', 'slave', ...script] };
  }
  return {
    file: libvirtd,
    args: ['--config', join(places.home, 'etc', 'libvirt', 'libvirtd.conf')],
    env: {
      XDG_RUNTIME_DIR: places.sockets,
      XDG_CONFIG_HOME: join(places.sockets, 'c'),
      XDG_CACHE_HOME: join(places.home, 'cache'),
    },
  };
}

function uriOf({ sockets }: LibvirtPlaces): string {
  const mode = process.getuid?.() === 0 ? 'system' : 'session';
  return `qemu+unix:///${mode}?socket=${join(sockets, 'libvirt-sock')}`;
}

function processFileOf({ home }: LibvirtPlaces): string {
  return join(home, 'process.json');
}

async function destroyMachines(uri: string): Promise<void> {
  const { stdout } = await execa('virsh', ['--connect', uri, 'list', '--name'], { reject: false, timeout: 30_000 });
  for (const machine of stdout.split('\n').filter((name) => name.trim() !== '')) {
    await execa('virsh', ['--connect', uri, 'destroy', machine.trim()], { reject: false, timeout: 30_000 });
  }
}

/** Whether a libvirt daemon answers under this address now. */
export async function libvirtAnswers(uri: string): Promise<boolean> {
  const { failed } = await execa('virsh', ['--connect', uri, 'version'], { reject: false, timeout: 60_000 });
  return !failed;
}
