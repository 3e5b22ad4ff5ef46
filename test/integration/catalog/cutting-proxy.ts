import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** When the connection is cut: before the server gets the statement, or after the server carried it out and before its answer comes. */
export type Cut = { readonly at: string; readonly side: 'before' | 'after' };

/** Stands between a client and PostgreSQL and cuts every connection on which a statement holds the words that were set. */
export interface CuttingProxy {
  readonly databaseUrl: string;
  cut(at?: Cut): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let current: Cut | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || '5432'), target.hostname);
    const both = [client, upstream];
    let isSilenced = false;
    for (const socket of both) sockets.add(socket.on('error', () => undefined));
    for (const socket of both) socket.on('close', () => both.forEach((other) => other.destroy()));
    client.on('data', (data) => {
      const isMeant = current !== undefined && data.includes(current.at);
      if (isMeant && current?.side === 'before') return client.destroy();
      isSilenced ||= isMeant;
      return upstream.write(data);
    });
    upstream.on('data', (data) => (isSilenced ? client.destroy() : client.write(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    databaseUrl: url.href,
    cut: (at) => {
      current = at;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
