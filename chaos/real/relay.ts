import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The network between the workers and a guest's SSH port. It passes on what it gets, and can be cut or fall silent. */
export interface Relay {
  /** Whether something has passed within the last second. */
  readonly isBusy: boolean;
  /** How many connections the guest has answered so far. */
  readonly answered: number;
  /** Ends every connection, as a router does that forgot them. Returns how many there were. */
  cut(): number;
  /** From now on nothing passes, and nobody hangs up. Returns what lets everything pass again, also what was held back. */
  silence(): () => void;
  stop(): Promise<void>;
}

interface Pair {
  readonly front: Socket;
  readonly behind: Socket;
}

/** Listens on a port of 127.0.0.1, in front of another one. */
export async function startRelay(port: number, to: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  const state = { passedAt: 0, answered: 0, isSilent: false };
  const noteTraffic = (): void => {
    state.passedAt = Date.now();
  };
  const server = createServer((front) => {
    const pair = { front, behind: connect(to, '127.0.0.1') };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      for (const socket of [pair.front, pair.behind]) socket.destroy();
    };
    for (const socket of [pair.front, pair.behind]) {
      socket.on('error', () => undefined).on('close', end);
      socket.on('data', noteTraffic);
    }
    pair.behind.once('data', () => (state.answered += 1));
    front.pipe(pair.behind).pipe(front);
    if (state.isSilent) pause(pair);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): number => {
    const open = [...pairs];
    for (const { front } of open) front.resetAndDestroy();
    return open.length;
  };
  return {
    get isBusy() {
      return Date.now() - state.passedAt < 1_000;
    },
    get answered() {
      return state.answered;
    },
    cut,
    silence: () => {
      state.isSilent = true;
      for (const pair of pairs) pause(pair);
      return () => {
        state.isSilent = false;
        for (const { front, behind } of pairs) front.pipe(behind).pipe(front);
      };
    },
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function pause({ front, behind }: Pair): void {
  for (const socket of [front.unpipe(), behind.unpipe()]) socket.pause();
}
