import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from './free-port.ts';

/** A real OpenSSH server on a loopback port of its own, to which root logs in with a key. */
export interface Sshd {
  readonly port: number;
  /** `ssh-ed25519 AAAA…` lines, without comments. */
  readonly hostKeys: readonly string[];
  /** Private key of the one who may log in, as text. */
  readonly privateKey: string;
  /** What it has logged so far. */
  log(): Promise<string>;
  /** How many connections have logged in since it started. */
  loginCount(): Promise<number>;
  /** Stops every open connection without a word, as when a cable is pulled: it stays open and nothing answers. */
  freezeConnections(): Promise<void>;
  /** Ends every open connection at once, as when the network or the machine goes away; the server goes on listening. */
  killConnections(): Promise<void>;
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Lines for sshd_config that come before the others, and so win. */
  readonly config?: readonly string[];
  /** Default: ed25519 and ecdsa. */
  readonly hostKeyTypes?: readonly ('ed25519' | 'ecdsa' | 'rsa')[];
  /** Lets root log in with this password too; the system's own is not touched. */
  readonly rootPassword?: string;
  /** Default: any free one. A fixed one is for a second server in the place of a first. */
  readonly port?: number;
}

/** Starts one; needs root and /usr/sbin/sshd. Give it back with `stop`. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-sshd-'));
  const port = options.port ?? (await freePort());
  const hostKeys: string[] = [];
  for (const type of options.hostKeyTypes ?? ['ed25519', 'ecdsa']) {
    hostKeys.push(await makeKey(join(directory, `host_${type}`), type));
  }
  const userKey = join(directory, 'user');
  await writeFile(join(directory, 'authorized_keys'), `${await makeKey(userKey, 'ed25519')}\n`);
  await writeFile(join(directory, 'sshd_config'), configText(directory, port, options));
  const child = await launch(directory, port, options.rootPassword);
  const log = (): Promise<string> => readFile(join(directory, 'log'), 'utf8');
  return {
    port,
    hostKeys,
    privateKey: await readFile(userKey, 'utf8'),
    log,
    loginCount: async () => (await log()).match(/Accepted (publickey|password) for/g)?.length ?? 0,
    freezeConnections: () => signalConnections(child.pid, 'SIGSTOP'),
    killConnections: () => signalConnections(child.pid, 'SIGKILL'),
    stop: async () => {
      await signalConnections(child.pid, 'SIGKILL');
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A key pair without a passphrase at `path` and `path.pub`; the public line. */
export async function makeKey(path: string, type: string): Promise<string> {
  await execa('ssh-keygen', ['-q', '-N', '', '-C', '', '-t', type, '-f', path]);
  return (await readFile(`${path}.pub`, 'utf8')).trim();
}

function configText(directory: string, port: number, options: SshdOptions): string {
  const hostKeys = (options.hostKeyTypes ?? ['ed25519', 'ecdsa']).map((type) => `HostKey ${directory}/host_${type}`);
  return [
    ...(options.config ?? []),
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    ...hostKeys,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    `PasswordAuthentication ${options.rootPassword === undefined ? 'no' : 'yes'}`,
    'LogLevel VERBOSE',
    '',
  ].join('\n');
}

async function launch(directory: string, port: number, rootPassword: string | undefined): Promise<ChildProcess> {
  // Debian's sshd refuses to start without it; with systemd its unit makes it.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const command = ['/usr/sbin/sshd', '-D', '-f', join(directory, 'sshd_config'), '-E', join(directory, 'log')];
  const before = rootPassword === undefined ? [] : await underShadowWith(directory, rootPassword);
  const [file = '', ...args] = [...before, ...command];
  const child = spawn(file, args, { stdio: 'ignore' });
  // A test file that fails before its `stop` must not leave a server behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  for (let tries = 0; tries < 200; tries += 1) {
    if (await accepts(port)) return child;
    if (child.exitCode !== null) break;
    await delay(25);
  }
  child.kill('SIGKILL');
  throw new Error(`sshd did not start: ${await readFile(join(directory, 'log'), 'utf8').catch(() => 'no log')}`);
}

/** What to put before a command so that it alone sees another /etc/shadow, in a mount namespace of its own. */
async function underShadowWith(directory: string, password: string): Promise<string[]> {
  const { stdout: hash } = await execa('openssl', ['passwd', '-6', '-stdin'], { input: password });
  const shadow = join(directory, 'shadow');
  await writeFile(shadow, `root:${hash}:19000:0:99999:7:::\nsshd:!:19000::::::\n`, { mode: 0o600 });
  const script = 'mount --bind "$1" /etc/shadow && shift && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sshd-with-password', shadow];
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function signalConnections(root: number | undefined, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  for (const pid of await descendantsNamed(root, 'sshd')) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It ended between being listed and being signalled.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The processes below `root` that carry this name: sshd's own children, not what runs in their sessions. */
async function descendantsNamed(root: number | undefined, name: string): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    const found = /^(\d+) \((.*)\) \S (\d+) /s.exec(stat);
    if (found?.[2] !== name) continue;
    const parent = Number(found[3]);
    children.set(parent, [...(children.get(parent) ?? []), Number(found[1])]);
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return root === undefined ? [] : below(root);
}
