import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port in front of another one, as a forwarded port of a machine that boots: the first connections are accepted and never answered. */
export interface SilentFront {
  readonly port: number;
  connections(): number;
  stop(): Promise<void>;
}

export async function startSilentFront(to: number, silentOnes: number): Promise<SilentFront> {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    open.add(socket.on('error', () => undefined));
    if (count <= silentOnes) return;
    const behind = connect(to, '127.0.0.1').on('error', () => undefined);
    open.add(behind);
    socket.pipe(behind).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    stop: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
