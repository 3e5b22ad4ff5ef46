import type { NodeSSH } from 'node-ssh';
import { UnavailableError } from '../domain/errors.ts';
import { within } from './limits.ts';
import { logIn } from './ssh-login.ts';
import { describeTarget, type SshTarget } from './ssh-target.ts';

/** How long a connection that is closed may take to say goodbye. */
const GOODBYE_MS = 2000;

/** One account's connection: opened on first use, shared by all commands, opened again only when it was lost. */
export interface SshConnection {
  /**
   * Calls `work` with the open connection. All who come while it is being opened wait for the same attempt. `retire`, which `work`
   * may call, makes the next call begin a new connection; this one is closed when the last command on it has ended. Rejects with
   * the signal's reason when it aborts before the connection is open; the attempt goes on for the others.
   */
  use<T>(signal: AbortSignal, work: (ssh: NodeSSH, retire: () => void) => Promise<T>): Promise<T>;
  /** Closes it for good: what runs on it fails as with a lost connection, and later calls of `use` throw UnavailableError. */
  close(): Promise<void>;
}

interface OpenConnection {
  readonly ssh: NodeSSH;
  users: number;
  retired: boolean;
}

export function createSshConnection(target: SshTarget): SshConnection {
  let current: Promise<OpenConnection> | undefined;
  let closed = false;
  const open = new Set<OpenConnection>();

  const begin = (): Promise<OpenConnection> => {
    const attempt = logIn(target).then(async (ssh) => {
      const connection: OpenConnection = { ssh, users: 0, retired: false };
      open.add(connection);
      ssh.connection?.once('close', () => {
        open.delete(connection);
        forget(attempt);
      });
      if (closed) await sayGoodbye(ssh);
      return connection;
    });
    attempt.catch(() => {
      forget(attempt);
    });
    return attempt;
  };
  const forget = (attempt: Promise<OpenConnection>): void => {
    if (current === attempt) current = undefined;
  };

  return {
    async use(signal, work) {
      if (closed) throw new UnavailableError(`the connection to ${describeTarget(target)} was closed`);
      const attempt = (current ??= begin());
      const connection = await within(signal, attempt);
      const retire = (): void => {
        connection.retired = true;
        forget(attempt);
      };
      connection.users += 1;
      try {
        return await work(connection.ssh, retire);
      } finally {
        connection.users -= 1;
        if (connection.retired && connection.users === 0) void sayGoodbye(connection.ssh);
      }
    },
    async close() {
      closed = true;
      await Promise.all([...open].map(({ ssh }) => sayGoodbye(ssh)));
    },
  };
}

async function sayGoodbye(ssh: NodeSSH): Promise<void> {
  const { connection } = ssh;
  if (!connection) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      connection.destroy();
      resolve();
    }, GOODBYE_MS);
    connection.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    connection.end();
  });
}
