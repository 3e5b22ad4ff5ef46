import { connect, type Socket } from 'node:net';

/**
 * How long the first connections may stay silent before another is tried. A machine that boots behind a forwarded port, or a load balancer,
 * is connected at once and never answers on that connection, although it would on the next one a second later. The last one waits as long as
 * may be waited: a server that looks its client up before it speaks takes its time.
 */
const PATIENCE_MS = [3_000, 5_000];

/**
 * A connection on which the server has begun to speak; what it said is still to be read. Rejects when the connection is refused or closed, and
 * when nothing was said within `limitMs`.
 */
export async function openSpeakingSocket(address: string, port: number, limitMs: number): Promise<Socket> {
  const deadline = Date.now() + limitMs;
  for (const patience of [...PATIENCE_MS, limitMs]) {
    const left = deadline - Date.now();
    if (left <= 0) break;
    const socket = await untilItSpeaks(connect({ host: address, port }), Math.min(patience, left));
    if (socket !== undefined) return socket;
  }
  throw new Error(`nothing was said within ${String(limitMs)} ms`);
}

/** Undefined when the time has passed; the connection is then closed. */
async function untilItSpeaks(socket: Socket, patienceMs: number): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('error', onError).off('end', onEnd);
      end();
    };
    const onReadable = (): void => {
      if (socket.readableLength > 0) settle(() => resolve(socket));
    };
    const onError = (error: Error): void => {
      settle(() => reject(error));
    };
    const onEnd = (): void => {
      socket.destroy();
      settle(() => reject(new Error('the connection was closed before anything was said')));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      settle(() => resolve(undefined));
    }, patienceMs);
    socket.on('readable', onReadable).on('error', onError).on('end', onEnd);
  });
}
