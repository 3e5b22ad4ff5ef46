import type { PlacedOrder } from './order-directory.ts';
import { readState, writeState, type OrderState } from './order-state.ts';

/** The states of all orders, changed by one writer each at a time. */
export interface StateKeeper {
  read(placed: PlacedOrder): Promise<OrderState>;
  /** Reads, changes and writes; whoever comes meanwhile waits. */
  update(placed: PlacedOrder, change: (state: OrderState) => OrderState): Promise<OrderState>;
  /** Why nothing goes on, for people. The machine does not count as heard of. */
  say(placed: PlacedOrder, words: string): Promise<void>;
  /** How far it is. Written at most once a second: nothing depends on it. */
  note(
    placed: PlacedOrder,
    progress: { readonly bytesDone: number; readonly bytesTotal: number; readonly words: string },
  ): Promise<void>;
}

const NOTE_EVERY_MS = 1_000;

export function createStateKeeper(): StateKeeper {
  const last = new Map<string, Promise<unknown>>();
  const notedAt = new Map<string, number>();
  const inTurn = (placed: PlacedOrder, change: (state: OrderState) => OrderState): Promise<OrderState> => {
    const before = last.get(placed.directory) ?? Promise.resolve();
    const mine = before
      .catch(() => undefined)
      .then(async () => {
        const state = change(await readState(placed));
        await writeState(placed.directory, state);
        return state;
      });
    last.set(placed.directory, mine);
    return mine;
  };
  const keeper: StateKeeper = {
    read: async (placed) => await readState(placed),
    update: async (placed, change) => await inTurn(placed, (state) => ({ ...change(state), at: Date.now() })),
    say: async (placed, words) => {
      await inTurn(placed, (state) => ({ ...state, words }));
    },
    note: async (placed, progress) => {
      const isComplete = progress.bytesDone === progress.bytesTotal;
      const elapsed = Date.now() - (notedAt.get(placed.directory) ?? 0);
      if (elapsed < NOTE_EVERY_MS && !isComplete) return;
      notedAt.set(placed.directory, Date.now());
      await keeper.update(placed, (state) => ({ ...state, ...progress }));
    },
  };
  return keeper;
}
