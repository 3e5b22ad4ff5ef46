import { within } from './limits.ts';

/** A number of places; who finds none waits in order of arrival. */
export interface Slots {
  /** Runs `work` in a place of its own. Rejects with the signal's reason when it aborts while waiting for one. */
  use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  const acquire = async (signal: AbortSignal): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    let enter: (() => void) | undefined;
    const turn = new Promise<void>((resolve) => {
      enter = resolve;
      waiting.push(resolve);
    });
    try {
      await within(signal, turn);
    } catch (error) {
      const place = waiting.findIndex((entry) => entry === enter);
      // Not in the queue any more means that the place was handed over in the same moment.
      if (place < 0) giveBack();
      else waiting.splice(place, 1);
      throw error;
    }
  };
  return {
    async use(signal, work) {
      await acquire(signal);
      try {
        return await work();
      } finally {
        giveBack();
      }
    },
  };
}
