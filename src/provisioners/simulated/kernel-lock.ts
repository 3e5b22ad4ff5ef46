import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../../domain/errors.ts';

const RETRY_MS = 2;
/** Whoever holds a lock writes one small file; longer means that it is stopped, not busy. */
const PATIENCE_MS = 30_000;

const queues = new Map<string, Promise<unknown>>();

/**
 * Takes a lock that one process of this host can hold at a time, and that the kernel lets go of when its process ends: a listening socket
 * in Linux's abstract namespace, which has no file that could stay behind. Resolves with the function that gives it back.
 */
export async function holdLock(name: string): Promise<() => Promise<void>> {
  const turn = takeTurn(name);
  await turn.mine;
  try {
    const server = await listenWhenFree(`\0imprint-simulated-${name}`);
    return async () => {
      await new Promise((done) => server.close(done));
      turn.next();
    };
  } catch (error) {
    turn.next();
    throw error;
  }
}

/** Within a process callers queue, so that they do not poll against each other. */
function takeTurn(name: string): { readonly mine: Promise<unknown>; next(): void } {
  const mine = queues.get(name) ?? Promise.resolve();
  let next = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    next = resolve;
  });
  queues.set(name, done);
  return {
    mine,
    next: () => {
      if (queues.get(name) === done) queues.delete(name);
      next();
    },
  };
}

async function listenWhenFree(path: string): Promise<Server> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const server = await tryListen(path);
    if (server !== undefined) return server;
    if (Date.now() > deadline) throw new UnavailableError(`take the lock ${path.slice(1)}: it was not let go of`);
    await sleep(RETRY_MS);
  }
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}
