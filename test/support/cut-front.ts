import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port in front of a server, until it is cut: then every connection is gone, for both sides, and no other one comes about. */
export interface CutFront {
  readonly address: string;
  cut(): void;
}

export async function startCutFront(to: string): Promise<CutFront> {
  const [host = '', port = ''] = to.split(':');
  const open = new Set<Socket>();
  const server = createServer((front) => {
    const behind = connect(Number(port), host);
    for (const [socket, other] of [
      [front, behind],
      [behind, front],
    ] as const) {
      open.add(socket.on('error', () => undefined).on('close', () => other.destroy()));
    }
    front.pipe(behind).pipe(front);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
