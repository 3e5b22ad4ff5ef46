import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import { guestShell } from '../../src/provisioners/simulated/guest-shell.ts';
import { openGuestDoor, type GuestCommand } from './guest-door.ts';
import type { TestImprint } from './imprint.ts';
import { makeKey, startSshd, type Sshd } from './sshd.ts';
import { startSwitchedFront, type Answerer, type SwitchedFront } from './switched-front.ts';

/** A server that may stand where the node should be. */
export type Stranger = 'impostor' | 'refusing';

/** A node of the simulated world that is reached over SSH: real server, real keys; the system behind is simulated. */
export interface SshNode {
  readonly name: string;
  /** `root@127.0.1.4:40123` */
  readonly host: string;
  /** `node`: the right server, which knows the worker's key. Connections that stand are ended, or fall silent. */
  answeredBy(who: 'node' | Stranger | Exclude<Answerer, number>): Promise<void>;
  connectionsTo(who: Stranger): number;
}

export interface SshNodes {
  /** With which the workers log in: the secret `node-ssh-key`. */
  readonly privateKey: string;
  /** Lets the activities reach nodes over SSH, as those of real systems. */
  around(deps: ModuleDependencies): ModuleDependencies;
  add(imprint: TestImprint): Promise<SshNode>;
  /** What the server has logged, of all nodes. */
  log(of: Stranger): Promise<string>;
  stop(): Promise<void>;
}

/** What takes time on real machines takes none here. */
const settings = { bootSeconds: 0, shutdownSeconds: 0, preCaptureSeconds: 0 };

const common = ['LogLevel DEBUG1', 'MaxStartups 200'];

/** The node's own server; `impostor`: shows another host key; `refusing`: shows the right one, and does not know the worker's key. */
export async function startSshNodes(): Promise<SshNodes> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-ssh-nodes-'));
  const hostKey = await makeKey(join(directory, 'host'), 'ed25519');
  const callers = new Map<number, { readonly imprint: TestImprint; readonly name: string }>();
  const door = await openGuestDoor(join(directory, 'hand-over'), async (command) => {
    const caller = callers.get(command.from);
    if (caller === undefined) throw new Error('nobody knows this connection');
    return await inGuest(caller.imprint, caller.name, command);
  });
  const hostKeyLine = `HostKey ${join(directory, 'host')}`;
  const forced = `ForceCommand ${door.script}`;
  const node = await startSshd({ hostKeyTypes: [], config: [...common, hostKeyLine, forced] });
  const strangers: Readonly<Record<Stranger, Sshd>> = {
    // It would take whatever key it is given.
    impostor: await startSshd({ config: [...common, await authorizing(directory, node)] }),
    refusing: await startSshd({ hostKeyTypes: [], config: [...common, hostKeyLine] }),
  };
  const fronts: SwitchedFront[] = [];
  return {
    privateKey: node.privateKey,
    around: (deps) => overSsh(deps, hostKey),
    log: async (of) => await strangers[of].log(),
    add: async (imprint) => {
      const name = imprint.fresh('ssh');
      // An address of its own: while its port is closed, no outgoing connection can take it.
      const address = `127.0.1.${String(fronts.length + 1)}`;
      const front = await startSwitchedFront(address, node.port, (from) => callers.set(from, { imprint, name }));
      fronts.push(front);
      await addComputer(imprint, { name, address, sshPort: front.port, hostKeys: [hostKey] });
      const portOf = (who: string): number => (who === 'node' ? node : strangers[who as Stranger]).port;
      return {
        name,
        host: `root@${address}:${String(front.port)}`,
        answeredBy: async (who) => await front.switchTo(who === 'nobody' || who === 'silence' ? who : portOf(who)),
        connectionsTo: (who) => front.connectionsTo(portOf(who)),
      };
    },
    stop: async () => {
      for (const front of fronts) await front.stop();
      for (const sshd of [node, ...Object.values(strangers)]) await sshd.stop();
      await door.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function authorizing(directory: string, { privateKey }: Sshd): Promise<string> {
  const worker = join(directory, 'worker');
  await writeFile(worker, privateKey, { mode: 0o600 });
  const { stdout } = await execa('ssh-keygen', ['-y', '-f', worker]);
  await writeFile(`${worker}.authorized`, `${stdout}\n`);
  return `AuthorizedKeysFile ${worker}.authorized`;
}

async function inGuest(imprint: TestImprint, name: string, { words, stdin }: GuestCommand): Promise<string> {
  const computer = await imprint.catalog.computers.get(name);
  // Who it is was proved by the SSH server in front.
  const { hostKeys: _proved, ...unproved } = computer;
  const [file = '', ...args] = words;
  const options = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000, stdin };
  return (await guestShell(imprint.world, unproved).run(file, args, options)).stdout;
}

function overSsh(deps: ModuleDependencies, hostKey: string): ModuleDependencies {
  const console = ['-----BEGIN SSH HOST KEY KEYS-----', hostKey, '-----END SSH HOST KEY KEYS-----', ''].join('\n');
  return {
    ...deps,
    provisioner: (name) => {
      const { guestShell: _direct, ...provisioner } = deps.provisioner(name);
      return { ...provisioner, consoleText: async () => await Promise.resolve(console) };
    },
  };
}

async function addComputer(
  imprint: TestImprint,
  reached: { name: string; address: string; sshPort: number; hostKeys: readonly string[] },
): Promise<void> {
  const [managementNode] = await imprint.catalog.managementNodes.list();
  await imprint.catalog.computers.add({
    ...reached,
    managementNode: managementNode?.name ?? '',
    provisioningSystem: 'simulated',
    macAddresses: [],
    memoryMiB: 2048,
    cpus: 2,
    settings,
  });
}
