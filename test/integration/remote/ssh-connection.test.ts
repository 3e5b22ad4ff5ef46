import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OutcomeUnknownError, UnavailableError, errorChain } from '../../../src/domain/errors.ts';
import { createSshShell, type ClosableShell } from '../../../src/remote/ssh-shell.ts';
import { createShellPool } from '../../../src/remote/shell-pool.ts';
import type { SshTarget } from '../../../src/remote/ssh-target.ts';
import { startSshd, type Sshd, type SshdOptions } from '../../support/sshd.ts';
import { freePort } from '../../support/free-port.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: SshdOptions = {}): Promise<Sshd> {
  const sshd = await startSshd(options);
  closers.push(() => sshd.stop());
  return sshd;
}

function targetOf(sshd: Sshd, changes: Partial<SshTarget> = {}): SshTarget {
  const { port, hostKeys, privateKey } = sshd;
  const key = () => Promise.resolve(privateKey);
  return { address: '127.0.0.1', port, user: 'root', privateKey: key, hostKeys, ...changes };
}

function open(target: SshTarget): ClosableShell {
  const shell = createSshShell(target);
  closers.push(() => shell.close());
  return shell;
}

const patient = { signal: new AbortController().signal, timeoutMs: 60_000 };
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

/** How many TCP connections to this port of the loopback are established, as seen from the client's end. */
async function connectionsTo(port: number): Promise<number> {
  const established = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 01`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines.filter((line) => line.trim().split(/\s+/).slice(2, 4).join(' ') === established).length;
}

describe('a connection', () => {
  it('is made at the first command, not before', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    expect(await sshd.loginCount()).toBe(0);

    await shell.run('true', [], patient);

    expect(await sshd.loginCount()).toBe(1);
  });

  it('is shared by all commands, also by those that come while it is being made', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));

    await Promise.all(Array.from({ length: 20 }, () => shell.run('sleep', ['0.05'], patient)));
    await shell.upload('x', '/proc/self/not-there/file', patient).catch(() => undefined);
    await shell.run('true', [], patient);

    expect(await sshd.loginCount()).toBe(1);
  });

  it('would be counted twice if it were made twice (control)', async () => {
    const sshd = await start();

    await open(targetOf(sshd)).run('true', [], patient);
    await open(targetOf(sshd)).run('true', [], patient);

    expect(await sshd.loginCount()).toBe(2);
  });

  it('that is lost in the middle of a command leaves its outcome unknown, and the next command opens another', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    const running = failureOf(shell.run('sh', ['-c', 'echo begun; sleep 30'], patient));
    await vi.waitFor(async () => expect(await sshd.log()).toContain('Starting session: command'), 10_000);

    await sshd.killConnections();

    expect(await running).toBeInstanceOf(OutcomeUnknownError);
    expect((await shell.run('echo', ['again'], patient)).stdout).toBe('again\n');
    expect(await sshd.loginCount()).toBe(2);
  });

  it('that is not lost lets the same command end (control)', async () => {
    const shell = open(targetOf(await start()));

    expect((await shell.run('sh', ['-c', 'echo begun; sleep 0.1'], patient)).stdout).toBe('begun\n');
  });

  it('that is lost while nothing runs is opened again without anybody noticing', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    await shell.run('true', [], patient);

    await sshd.killConnections();

    await vi.waitFor(async () => {
      await shell.run('true', [], patient);
      expect(await sshd.loginCount()).toBe(2);
    }, 10_000);
  });

  it('that no longer answers is noticed within twenty seconds', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    await shell.run('true', [], patient);
    await sshd.freezeConnections();
    const began = Date.now();

    const failure = await failureOf(shell.run('true', [], patient));

    expect(failure).toBeInstanceOf(OutcomeUnknownError);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect((await shell.run('echo', ['again'], patient)).stdout).toBe('again\n');
  });

  it('that dies silently while nothing runs on it does no harm', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    await shell.run('true', [], patient);
    expect(await connectionsTo(sshd.port)).toBe(1);

    await sshd.freezeConnections();

    // Its end is an 'error' event; were nobody to listen, this process would die of it.
    await vi.waitFor(async () => expect(await connectionsTo(sshd.port)).toBe(0), { timeout: 30_000, interval: 200 });
    expect((await shell.run('echo', ['again'], patient)).stdout).toBe('again\n');
  });

  it('makes room by another one when commands that were given up hold all its sessions', async () => {
    const sshd = await start({ config: ['MaxSessions 2'] });
    const shell = open(targetOf(sshd));
    const giveUp = () => failureOf(shell.run('sleep', ['20'], { ...patient, timeoutMs: 1500 }));
    expect(await Promise.all([giveUp(), giveUp()])).toEqual([
      expect.any(OutcomeUnknownError),
      expect.any(OutcomeUnknownError),
    ]);

    expect((await shell.run('echo', ['room'], patient)).stdout).toBe('room\n');

    expect(await sshd.loginCount()).toBe(2);
  });

  it('that was closed stays closed', async () => {
    const sshd = await start();
    const shell = open(targetOf(sshd));
    const running = failureOf(shell.run('sleep', ['30'], patient));
    await vi.waitFor(async () => expect(await sshd.log()).toContain('Starting session: command'), 10_000);

    await shell.close();

    expect(await running).toBeInstanceOf(OutcomeUnknownError);
    expect(await failureOf(shell.run('true', [], patient))).toBeInstanceOf(UnavailableError);
    expect(await sshd.loginCount()).toBe(1);
  });
});

describe('a machine that cannot be reached', () => {
  async function listen(onConnection: (socket: Socket) => void): Promise<number> {
    const server: Server = createServer(onConnection).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.close();
      await once(server, 'close');
    });
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }
  const at = (port: number): SshTarget => ({
    address: '127.0.0.1',
    port,
    user: 'root',
    password: () => Promise.resolve('tiger'),
    hostKeys: ['ssh-ed25519 AAAA'],
    connectTimeoutMs: 1000,
  });

  it('is unavailable when its port is closed', async () => {
    const failure = await failureOf(open(at(await freePort())).run('true', [], patient));

    expect(failure).toBeInstanceOf(UnavailableError);
    expect(errorChain(failure)).toContain('ECONNREFUSED');
  });

  it('is unavailable when it hangs up, as OpenSSH does without host keys', async () => {
    const port = await listen((socket) => socket.destroy());

    expect(await failureOf(open(at(port)).run('true', [], patient))).toBeInstanceOf(UnavailableError);
  });

  it('is unavailable when it says nothing for longer than the limit', async () => {
    const sockets: Socket[] = [];
    const port = await listen((socket) => sockets.push(socket.on('error', () => undefined)));

    const failure = await failureOf(open(at(port)).run('true', [], patient));

    expect(failure).toBeInstanceOf(UnavailableError);
    for (const socket of sockets) socket.destroy();
  });

  it("is unavailable when the command's own time limit passes first: nothing was begun", async () => {
    const sockets: Socket[] = [];
    const port = await listen((socket) => sockets.push(socket.on('error', () => undefined)));

    const failure = await failureOf(open(at(port)).run('true', [], { ...patient, timeoutMs: 100 }));

    expect(failure).toBeInstanceOf(UnavailableError);
    for (const socket of sockets) socket.destroy();
  });

  it('is connected to when it comes back', async () => {
    const first = await start();
    const target = targetOf(first);
    const shell = open(target);
    await first.stop();
    expect(await failureOf(shell.run('true', [], patient))).toBeInstanceOf(UnavailableError);
    const second = await start({ port: first.port });

    const known = open(targetOf(second));

    expect((await known.run('echo', ['back'], patient)).stdout).toBe('back\n');
  });
});

describe('a shell pool', () => {
  it('gives one connection to all who ask for the same account with the same host keys', async () => {
    const sshd = await start();
    const pool = createShellPool();
    closers.push(() => pool.closeAll());
    const reordered = { ...targetOf(sshd), hostKeys: [...sshd.hostKeys].reverse() };

    expect(pool.ssh(targetOf(sshd))).toBe(pool.ssh(reordered));
    expect(pool.ssh({ ...targetOf(sshd), user: 'other' })).not.toBe(pool.ssh(reordered));
  });

  it('closes the connection to a system whose host keys have changed, and makes another', async () => {
    const sshd = await start();
    const pool = createShellPool();
    closers.push(() => pool.closeAll());
    const old = pool.ssh(targetOf(sshd));
    await old.run('true', [], patient);

    const renewed = pool.ssh({ ...targetOf(sshd), hostKeys: sshd.hostKeys.slice(0, 1) });

    await renewed.run('true', [], patient);
    expect(await failureOf(old.run('true', [], patient))).toBeInstanceOf(UnavailableError);
    expect(await sshd.loginCount()).toBe(2);
  });

  it('closes everything at the end', async () => {
    const sshd = await start();
    const pool = createShellPool();
    const shell = pool.ssh(targetOf(sshd));
    await shell.run('true', [], patient);

    await pool.closeAll();

    expect(await failureOf(shell.run('true', [], patient))).toBeInstanceOf(UnavailableError);
  });
});
