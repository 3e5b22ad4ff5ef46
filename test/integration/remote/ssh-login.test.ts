import { afterEach, describe, expect, it } from 'vitest';
import { UnauthorizedError, UnavailableError, errorChain } from '../../../src/domain/errors.ts';
import { createSshShell } from '../../../src/remote/ssh-shell.ts';
import type { SshTarget } from '../../../src/remote/ssh-target.ts';
import { startSilentFront } from '../../support/silent-front.ts';
import { startSshd, type Sshd, type SshdOptions } from '../../support/sshd.ts';

const running: Sshd[] = [];
afterEach(async () => {
  for (const sshd of running.splice(0)) await sshd.stop();
});

async function start(options: SshdOptions = {}): Promise<Sshd> {
  const sshd = await startSshd(options);
  running.push(sshd);
  return sshd;
}

function targetOf(sshd: Sshd, changes: Partial<SshTarget> = {}): SshTarget {
  const privateKey = () => Promise.resolve(sshd.privateKey);
  return { address: '127.0.0.1', port: sshd.port, user: 'root', privateKey, hostKeys: sshd.hostKeys, ...changes };
}

/** Logs in and says who answered; the connection is closed again. */
async function whoAnswers(target: SshTarget): Promise<string> {
  const shell = createSshShell(target);
  try {
    return (await shell.run('id', ['-un'], { signal: new AbortController().signal, timeoutMs: 20_000 })).stdout;
  } finally {
    await shell.close();
  }
}

async function refusalOf(target: SshTarget): Promise<UnauthorizedError> {
  const error: unknown = await whoAnswers(target).then(
    () => 'it logged in',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnauthorizedError);
  return error as UnauthorizedError;
}

/** sshd notes each attempt to log in at this level; it gets that far only once it was told who wants to. */
const verbose = { config: ['LogLevel DEBUG1'] };
const loginAttempt = 'userauth-request';

describe('the host key', () => {
  it('of a stranger is refused with its fingerprint, before any credential is sent', async () => {
    const sshd = await start({ ...verbose, rootPassword: 'tiger' });
    const other = await start();

    const error = await refusalOf(
      targetOf(sshd, { hostKeys: other.hostKeys, password: () => Promise.resolve('tiger') }),
    );

    expect(error.message).toMatch(
      new RegExp(`^unexpected host key of root@127.0.0.1:${String(sshd.port)}: it shows SHA256:`),
    );
    expect(await sshd.log()).not.toContain(loginAttempt);
  });

  it('that is known lets the credentials be sent (control)', async () => {
    const sshd = await start(verbose);

    expect(await whoAnswers(targetOf(sshd))).toBe('root\n');

    expect(await sshd.log()).toContain(loginAttempt);
  });

  it('is refused as long as none is known, and the error says what the machine shows', async () => {
    const sshd = await start(verbose);

    const error = await refusalOf(targetOf(sshd, { hostKeys: [] }));

    expect(error.message).toMatch(/^no host key is known for root@127\.0\.0\.1:\d+: it shows SHA256:\S{43}$/);
    expect(await sshd.log()).not.toContain(loginAttempt);
  });

  it.each([0, 1, 2])('may be any one of several that the machine has (number %i)', async (index) => {
    const sshd = await start({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] });

    expect(await whoAnswers(targetOf(sshd, { hostKeys: sshd.hostKeys.slice(index, index + 1) }))).toBe('root\n');
  });

  it('of another kind than the known one is refused with its fingerprint', async () => {
    const known = await start({ hostKeyTypes: ['ed25519'] });
    const sshd = await start({ hostKeyTypes: ['ecdsa'] });

    const error = await refusalOf(targetOf(sshd, { hostKeys: known.hostKeys }));

    expect(error.message).toMatch(/^unexpected host key of .*: it shows SHA256:/);
  });
});

describe('a connection on which nobody speaks', () => {
  it('is given up for another one, since a machine that boots answers only on those', async () => {
    const sshd = await start();
    const front = await startSilentFront(sshd.port, 1);

    expect(await whoAnswers(targetOf(sshd, { port: front.port }))).toBe('root\n');

    expect(front.connections()).toBe(2);
    await front.stop();
  });

  it('ends the attempt when the time limit has passed', async () => {
    const sshd = await start();
    const front = await startSilentFront(sshd.port, Infinity);

    const answer = whoAnswers(targetOf(sshd, { port: front.port, connectTimeoutMs: 500 }));

    await expect(answer).rejects.toThrow(UnavailableError);
    await front.stop();
  });
});

describe('credentials', () => {
  it('that the machine does not accept are refused', async () => {
    const sshd = await start();
    const other = await start();

    const error = await refusalOf(targetOf(sshd, { privateKey: () => Promise.resolve(other.privateKey) }));

    expect(error.message).toBe(`could not log in as root@127.0.0.1:${String(sshd.port)}`);
  });

  it('of another user are refused', async () => {
    await refusalOf(targetOf(await start(), { user: 'nobody-of-that-name' }));
  });

  it('that are no key at all are refused without showing them', async () => {
    const sshd = await start();

    const error = await refusalOf(targetOf(sshd, { privateKey: () => Promise.resolve('swordfish') }));

    expect(`${errorChain(error)}${JSON.stringify(error)}`).not.toContain('swordfish');
  });

  it('may be a password', async () => {
    const sshd = await start({ rootPassword: 'correct horse' });
    const { port, hostKeys } = sshd;
    const target = (password: string): SshTarget => ({
      address: '127.0.0.1',
      port,
      user: 'root',
      hostKeys,
      password: () => Promise.resolve(password),
    });

    expect(await whoAnswers(target('correct horse'))).toBe('root\n');
    const error = await refusalOf(target('battery staple'));
    expect(`${errorChain(error)}${JSON.stringify(error)}`).not.toContain('staple');
  });

  it('that cannot be fetched leave the reason as it is', async () => {
    const target = targetOf(await start(), { privateKey: () => Promise.reject(new Error('no such secret')) });

    await expect(whoAnswers(target)).rejects.toThrow('no such secret');
  });
});
