import type { Socket } from 'node:net';
import { NodeSSH, type Config } from 'node-ssh';
import { UnauthorizedError, UnavailableError } from '../domain/errors.ts';
import { fingerprint, hostKeyAlgorithms, isKnownHostKey } from './host-keys.ts';
import { openSpeakingSocket } from './ssh-socket.ts';
import { describeTarget, type SshTarget } from './ssh-target.ts';

const CONNECT_TIMEOUT_MS = 15_000;

/** Asked every four seconds, given up after three answers missed: a dead connection is noticed within sixteen seconds. */
const KEEPALIVE = { keepaliveInterval: 4000, keepaliveCountMax: 3 };

/**
 * Opens a connection and logs in. The host key is compared before any credential is sent. Throws UnauthorizedError (host key, or
 * credentials refused), UnavailableError (everything else: nothing was begun).
 */
export async function logIn(target: SshTarget): Promise<NodeSSH> {
  const host = describeTarget(target);
  const credentials = await readCredentials(target);
  const ssh = new NodeSSH();
  let refusedKey: Buffer | undefined;
  const limitMs = target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const deadline = Date.now() + limitMs;
  let sock: Socket | undefined;
  try {
    sock = await openSpeakingSocket(target.address, target.port, limitMs);
    await ssh.connect({
      ...credentials,
      ...KEEPALIVE,
      sock,
      host: target.address,
      port: target.port,
      username: target.user,
      readyTimeout: Math.max(1, deadline - Date.now()),
      algorithms: { serverHostKey: hostKeyAlgorithms(target.hostKeys) },
      hostVerifier: (key: Buffer): boolean => {
        const known = isKnownHostKey(target.hostKeys, key);
        if (!known) refusedKey = key;
        return known;
      },
    });
  } catch (error) {
    sock?.destroy();
    throw refusedKey ? unknownHostKey(host, target, refusedKey) : loginError(host, error);
  }
  // Without a listener, a connection that dies while nothing runs on it would end the whole process with an unhandled 'error'.
  // node-ssh and each running command add listeners of their own, so Node's warning about more than ten is turned off.
  ssh.connection?.setMaxListeners(0).on('error', ignoreBecauseCloseFollows);
  return ssh;
}

async function readCredentials(target: SshTarget): Promise<Partial<Config>> {
  const privateKey = await target.privateKey?.();
  const password = await target.password?.();
  return {
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(password === undefined ? {} : { password, tryKeyboard: true }),
  };
}

function unknownHostKey(host: string, target: SshTarget, key: Buffer): UnauthorizedError {
  const problem = target.hostKeys.length === 0 ? 'no host key is known for' : 'unexpected host key of';
  return new UnauthorizedError(`${problem} ${host}: it shows ${fingerprint(key)}`, {
    evidence: { fingerprint: fingerprint(key), knownHostKeys: target.hostKeys },
  });
}

/** What an error of the connection means, or of the login. The texts are those of ssh2 1.17. */
export function loginError(host: string, cause: unknown): Error {
  const { level } = cause as { level?: string };
  if (level === 'client-authentication') return new UnauthorizedError(`could not log in as ${host}`, { cause });
  // ssh2 parses the key before it connects and gives that error no level and no code.
  if (cause instanceof Error && cause.message.startsWith('Cannot parse privateKey')) {
    return new UnauthorizedError(`could not read the private key for ${host}`, { cause });
  }
  // Only the kinds of the known keys are asked for, so this machine has none of them: it is another one, or was installed anew.
  if (cause instanceof Error && cause.message.includes('no matching host key format')) {
    return new UnauthorizedError(`no known host key of ${host}: it has keys of other kinds`, { cause });
  }
  return new UnavailableError(`could not connect to ${host}`, { cause });
}

function ignoreBecauseCloseFollows(): void {
  // Every running command learns of the loss from the 'close' event.
}
