import { connect } from 'node:net';

/** A machine of the same site answers within a second. */
const LIMIT_MS = 3_000;

/** What a TCP connection to a machine met: somebody (`open`, or `refused`: its system said no), or nobody that could be heard. */
export type Answer = 'open' | 'refused' | 'silent';

/** A refusal is an answer, too: who refuses is on. */
export async function answerOf(address: string, port: number, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const socket = connect({ host: address, port });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      socket.setTimeout(LIMIT_MS, () => resolve('silent'));
      socket.once('connect', () => resolve('open'));
      socket.once('error', ({ code }: NodeJS.ErrnoException) =>
        resolve(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  } finally {
    socket.destroy();
  }
}
