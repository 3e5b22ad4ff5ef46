import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Who answers: the server on that port of 127.0.0.1, nobody (the port is closed), or silence (accepted, and never answered). */
export type Answerer = number | 'nobody' | 'silence';

/** The SSH port of a machine, behind which another server can stand from one moment to the next. */
export interface SwitchedFront {
  readonly port: number;
  /** From now on. Connections that stand are ended, or are silent too. */
  switchTo(answerer: Answerer): Promise<void>;
  /** How many connections have been passed on to the server on that port. */
  connectionsTo(port: number): number;
  stop(): Promise<void>;
}

/** `onPassedOn` gets the port from which the server behind sees each connection come. */
export async function startSwitchedFront(
  address: string,
  to: number,
  onPassedOn: (from: number) => void,
): Promise<SwitchedFront> {
  let answerer: Answerer = to;
  const fronts = new Set<Socket>();
  const passedOn: number[] = [];
  const server = createServer((front) => {
    fronts.add(front.on('error', () => undefined));
    front.on('close', () => fronts.delete(front));
    if (typeof answerer !== 'number') return;
    passedOn.push(answerer);
    passOn(front, answerer, onPassedOn);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, address);
    await once(server, 'listening');
  };
  const endAll = async (): Promise<void> => {
    await Promise.all([...fronts].map(ended));
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connectionsTo: (behind) => passedOn.filter((one) => one === behind).length,
    switchTo: async (next) => {
      answerer = next;
      if (next === 'silence') for (const front of fronts) silence(front);
      else await endAll();
      if (next === 'nobody') server.close();
      else if (!server.listening) await listen(port);
    },
    stop: async () => {
      for (const front of fronts) front.destroy();
      server.close();
      await endAll();
    },
  };
}

function passOn(front: Socket, to: number, onPassedOn: (from: number) => void): void {
  const behind = connect(to, '127.0.0.1').on('error', () => undefined);
  behind.on('connect', () => onPassedOn(behind.localPort ?? 0));
  behind.on('close', () => front.end());
  front.on('close', () => behind.destroy());
  front.pipe(behind);
  behind.on('data', (chunk) => front.writable && front.write(chunk));
}

/** Nothing passes any more, and nobody hangs up. */
function silence(front: Socket): void {
  front.unpipe();
  front.removeAllListeners('data').resume();
}

/** Resolves when the other side has hung up, too: it knows then. */
async function ended(front: Socket): Promise<void> {
  if (front.closed) return;
  const closed = once(front, 'close');
  front.end();
  front.resume();
  await closed;
}
