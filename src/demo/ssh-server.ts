import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { execa } from 'execa';
import { findProcess, startDetached, stopProcess } from '../platform/process-file.ts';
import type { StateDirectory } from '../platform/state-directory.ts';
import { until } from './until.ts';

/** A real OpenSSH server on the loopback, in mount and host name of its own, to which root logs in with a key. */
export interface DemoSshServer {
  readonly port: number;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
  /** What this process does while it stands still: whoever connects waits for its greeting. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export interface SshServerRequest {
  /** Made where it is missing: its keys, its log. `root` in it, where it exists, is what its sessions see as /root. */
  readonly directory: string;
  readonly hostName: string;
  /** Of who may log in. */
  readonly publicKey: string;
  readonly port: number;
}

type Place = Pick<StateDirectory, 'path'>;

/** Starts one, in the place of one that runs; its host key is made where there is none yet. Needs root. */
export async function startSshServer(place: Place, request: SshServerRequest): Promise<DemoSshServer> {
  const { directory, hostName, publicKey, port } = request;
  await stopSshServer(place);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Debian's sshd refuses to start without it; with systemd its unit makes it.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = await makeKey(join(directory, 'host_ed25519'));
  await writeFile(join(directory, 'authorized_keys'), `${publicKey}\n`);
  await writeFile(join(directory, 'sshd_config'), configText(port));
  // Root's own password may be locked, which sshd would take for a closed account.
  await writeFile(join(directory, 'shadow'), 'root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n', { mode: 0o600 });
  const args = ['--mount', '--uts', 'sh', '-c', ENTER, 'demo-sshd', directory, hostName];
  await startDetached({
    file: 'unshare',
    args,
    logFile: join(place.path, 'demo.sshd.log'),
    processFile: fileOf(place),
  });
  await until(`sshd answers on port ${String(port)}`, async () => await answers(port));
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const known = await findProcess(fileOf(place));
    if (known !== undefined) process.kill(known.pid, name);
  };
  return { port, hostKey, freeze: async () => await signal('SIGSTOP'), thaw: async () => await signal('SIGCONT') };
}

/** Ends it with its sessions. None there: success. */
export async function stopSshServer(place: Place): Promise<void> {
  const known = await findProcess(fileOf(place));
  const sessions = known === undefined ? [] : await childrenOf(known.pid);
  await stopProcess(fileOf(place), 5_000);
  for (const pid of sessions) end(pid);
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** One that ended meanwhile has nothing to end. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A key pair without a passphrase at `path` and `path.pub`, made where there is none; the public line. */
export async function makeKey(path: string): Promise<string> {
  const read = async (): Promise<string> => (await readFile(`${path}.pub`, 'utf8')).trim();
  return await read().catch(async () => {
    await rm(path, { force: true });
    await execa('ssh-keygen', ['-q', '-N', '', '-C', '', '-t', 'ed25519', '-f', path]);
    return await read();
  });
}

/** Its own files are found at /mnt, since what it shows as /root may hide them. */
const ENTER = `
set -e
mount --bind "$1" /mnt
mount --bind /mnt/shadow /etc/shadow
[ ! -d /mnt/root ] || mount --bind /mnt/root /root
hostname "$2"
exec /usr/sbin/sshd -D -f /mnt/sshd_config -E /mnt/log
`;

function configText(port: number): string {
  return [
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    'HostKey /mnt/host_ed25519',
    'AuthorizedKeysFile /mnt/authorized_keys',
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    '',
  ].join('\n');
}

function fileOf({ path }: Place): string {
  return join(path, 'demo.sshd.json');
}

async function answers(port: number): Promise<true> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
