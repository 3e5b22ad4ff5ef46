import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** A port in front of another one on this machine that counts what that sends, and stops passing it on at a limit. */
export interface MeteredFront {
  readonly port: number;
  /** Bytes that came from behind, on all connections. */
  readonly bytes: number;
  /** From now on nothing more is passed on once so many bytes have come. */
  stopAt(bytes: number): void;
  /** Lets everything pass again. */
  open(): void;
  /** Lets everything pass again that comes on new connections; those that are open stand still. */
  openAnew(): void;
  /** Ends every connection; how many there were, counted on both sides. */
  cut(): number;
  stop(): Promise<void>;
}

export async function startMeteredFront(target: number): Promise<MeteredFront> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const state = { bytes: 0, limit: Number.POSITIVE_INFINITY };
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((front) => {
    const behind = keep(connect(target, '127.0.0.1'));
    keep(front).on('close', () => behind.destroy());
    behind.on('close', () => front.destroy());
    front.pipe(behind);
    behind.on('data', (chunk: Buffer) => {
      state.bytes += chunk.length;
      if (state.bytes >= state.limit) behind.pause();
      if (!front.write(chunk)) {
        behind.pause();
        front.once('drain', () => state.bytes < state.limit && behind.resume());
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): number => {
    const open = sockets.size;
    for (const socket of sockets) socket.destroy();
    return open;
  };
  return {
    port,
    get bytes() {
      return state.bytes;
    },
    stopAt: (bytes) => (state.limit = bytes),
    open: () => {
      state.limit = Number.POSITIVE_INFINITY;
      for (const socket of sockets) socket.resume();
    },
    openAnew: () => (state.limit = Number.POSITIVE_INFINITY),
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
