import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { ip, namespaceName } from './router.ts';
import { makeKey } from './sshd.ts';

/** A user of the machine; a number that no process of this computer has otherwise. */
export const userOfMachine = { name: 'jane', id: 59_117 } as const;

/**
 * A machine in a network namespace of its own with a real SSH server, nftables, and files that nobody else sees; and others that reach it, each from
 * a namespace and a network of its own.
 */
export interface LabMachine {
  /** Where a worker of this computer reaches it: through the namespace of the management node. */
  readonly sshPort: number;
  readonly hostKeys: readonly string[];
  readonly privateKey: string;
  /** The machine's own view of the management node's address. */
  readonly manager: string;
  /** From where somebody comes. */
  addressOf(who: Visitor): string;
  /** Logs in as jane; what the command printed, or what ssh said. */
  login(from: Visitor, ...command: readonly string[]): Promise<{ readonly stdout: string; readonly failed: boolean }>;
  /** A session of jane that stays. `ended` once the client has gone. */
  openSession(from: Visitor): Promise<{ readonly ended: Promise<unknown> }>;
  /** Runs a command in the machine. */
  inside(file: string, ...args: readonly string[]): Promise<string>;
  writeCurrentImage(text: string): Promise<void>;
  close(): Promise<void>;
}

const visitors = ['manager', 'home', 'elsewhere'] as const;
export type Visitor = (typeof visitors)[number];

export async function startLabMachine(): Promise<LabMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-lab-'));
  // The server reads a user's keys as that user.
  await chmod(directory, 0o755);
  const machine = namespaceName();
  const places = Object.fromEntries(visitors.map((who) => [who, namespaceName()])) as Record<Visitor, string>;
  const addressOf = (who: Visitor): string => `10.77.${String(visitors.indexOf(who))}.2`;
  const doorOf = (who: Visitor): string => `10.77.${String(visitors.indexOf(who))}.1`;
  await ip('netns', 'add', machine);
  await ip('-n', machine, 'link', 'set', 'lo', 'up');
  for (const who of visitors) await cable(machine, places[who], visitors.indexOf(who));
  const hostKey = await makeKey(join(directory, 'host'), 'ed25519');
  const userKey = join(directory, 'user');
  await writeFile(join(directory, 'authorized_keys'), `${await makeKey(userKey, 'ed25519')}\n`);
  await writeFile(join(directory, 'sshd_config'), configText(directory));
  const sshd = spawn('ip', ['netns', 'exec', machine, 'sh', '-c', ownFiles, 'sh', directory], { stdio: 'ignore' });
  const ssh = (who: Visitor, command: readonly string[]): readonly string[] => [
    ...['netns', 'exec', places[who], 'ssh', '-i', userKey, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
    ...[`${userOfMachine.name}@${doorOf(who)}`, ...command],
  ];
  const login: LabMachine['login'] = async (who, ...command) => {
    const { stdout, failed } = await execa('ip', ssh(who, command), { reject: false });
    return { stdout, failed };
  };
  const relay = await startRelay(places.manager, doorOf('manager'));
  const sessions: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    relay.close();
    for (const child of [...sessions, sshd]) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const namespace of [machine, ...Object.values(places)]) await endNamespace(namespace);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await vi.waitFor(async () => {
      if ((await login('home', 'true')).failed) throw new Error('the machine does not answer yet');
    }, 20_000);
  } catch (error) {
    await close();
    throw error;
  }
  const inside: LabMachine['inside'] = async (file, ...args) =>
    (await execa('nsenter', ['--target', String(sshd.pid), '--mount', '--net', '--', file, ...args])).stdout;
  return {
    sshPort: relay.port,
    hostKeys: [hostKey],
    privateKey: await readFile(userKey, 'utf8'),
    manager: addressOf('manager'),
    addressOf,
    login,
    inside,
    openSession: async (who) => {
      const session = spawn('ip', ssh(who, ['echo', 'in;', 'exec', 'cat']), { stdio: ['pipe', 'pipe', 'ignore'] });
      sessions.push(session);
      const ended = once(session, 'exit');
      await once(session.stdout, 'data');
      return { ended };
    },
    writeCurrentImage: async (text) => {
      await inside('sh', '-c', 'printf %s "$1" >/root/currentimage.txt', 'sh', text);
    },
    close,
  };
}

async function cable(machine: string, place: string, number: number): Promise<void> {
  await ip('netns', 'add', place);
  const network = `10.77.${String(number)}`;
  await ip('-n', machine, 'link', 'add', `v${String(number)}`, 'type', 'veth', 'peer', 'name', 'up0', 'netns', place);
  await ip('-n', machine, 'addr', 'add', `${network}.1/24`, 'dev', `v${String(number)}`);
  await ip('-n', place, 'addr', 'add', `${network}.2/24`, 'dev', 'up0');
  await ip('-n', machine, 'link', 'set', `v${String(number)}`, 'up');
  await ip('-n', place, 'link', 'set', 'up0', 'up');
}

/** Connections of the server outlive it; they are in its namespace. */
async function endNamespace(namespace: string): Promise<void> {
  const { stdout } = await execa('ip', ['netns', 'pids', namespace]);
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      // It ended between being listed and being signalled.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  await ip('netns', 'del', namespace);
}

/** What the machine writes below /etc, /root and /run nobody else sees. */
const ownFiles = `set -e
mkdir -p "$1/files"
mount -t tmpfs tmpfs "$1/files"
for place in etc root; do
  mkdir -p "$1/files/$place" "$1/files/$place-work"
  mount -t overlay overlay -o "lowerdir=/$place,upperdir=$1/files/$place,workdir=$1/files/$place-work" "/$place"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /etc/systemd/system
echo '${userOfMachine.name}:x:${String(userOfMachine.id)}:${String(userOfMachine.id)}::/tmp:/bin/sh' >>/etc/passwd
echo '${userOfMachine.name}:*:19000:0:99999:7:::' >>/etc/shadow
exec /usr/sbin/sshd -D -f "$1/sshd_config" -E "$1/log"
`;

function configText(directory: string): string {
  return [
    'Port 22',
    `HostKey ${directory}/host`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    '',
  ].join('\n');
}

/** What connects to it on loopback comes to the machine from the namespace. */
async function startRelay(
  namespace: string,
  address: string,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const program = `const s = require('net').connect(22, '${address}'); s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0)); process.stdin.pipe(s); s.pipe(process.stdout);`;
  const children = new Set<ChildProcess>();
  const server = createServer((socket) => {
    const args = ['netns', 'exec', namespace, process.execPath, '-e', program];
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    children.add(child);
    child.once('exit', () => {
      children.delete(child);
      socket.destroy();
    });
    socket.on('error', () => child.kill());
    socket.on('close', () => child.kill());
    child.stdin.on('error', () => socket.destroy());
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
