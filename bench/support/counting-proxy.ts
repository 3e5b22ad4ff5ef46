import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A port in front of a machine's SSH port that says when it was connected to, and when the machine spoke. */
export interface CountingProxy {
  /** Time of each connection, in milliseconds since the epoch. */
  readonly opened: readonly number[];
  /** Of each connection on which the machine spoke: when it first did. A connection that was never answered has none. */
  readonly answered: readonly number[];
  /** Cuts every connection, so that the next command needs a new one. */
  cut(): void;
  stop(): Promise<void>;
}

export async function startCountingProxy(port: number, target: number): Promise<CountingProxy> {
  const sockets = new Set<Socket>();
  const opened: number[] = [];
  const answered: number[] = [];
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((front) => {
    opened.push(Date.now());
    const behind = connect(target, '127.0.0.1');
    behind.once('data', () => answered.push(Date.now()));
    keep(front).on('close', () => behind.destroy());
    keep(behind).on('close', () => front.destroy());
    front.pipe(behind).pipe(front);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    opened,
    answered,
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
