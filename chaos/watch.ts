import { setTimeout as sleep } from 'node:timers/promises';
import { errorChain } from '../src/domain/errors.ts';
import type { Invariant, Violation } from './invariant.ts';
import type { Stage } from './stage.ts';

/** Looks at the invariants again and again. */
export interface Watch {
  /** Each once. */
  violations(): readonly Violation[];
  /** How often each was looked at. */
  looks(): number;
  stop(): Promise<void>;
  /** The last look, when all has come to rest. */
  conclude(): Promise<void>;
}

const everyMs = 250;

export function watchInvariants<S extends Stage>(invariants: readonly Invariant<S>[], stage: S): Watch {
  const found = new Map<string, Violation>();
  const note = (invariant: string, all: readonly string[]): void => {
    for (const what of all) {
      const key = `${invariant}: ${what}`;
      if (!found.has(key)) stage.say(`VIOLATED ${key}`);
      found.set(key, { invariant, what });
    }
  };
  const state = { stopped: false, looks: 0 };
  const look = async (): Promise<void> => {
    while (!state.stopped) {
      state.looks += 1;
      for (const { name, look: lookOnce } of invariants) note(name, (await lookOnce?.(stage).catch(() => [])) ?? []);
      await sleep(everyMs);
    }
  };
  const looking = look();
  return {
    violations: () => [...found.values()],
    looks: () => state.looks,
    stop: async () => {
      state.stopped = true;
      await looking;
    },
    conclude: async () => {
      for (const { name, conclude } of invariants) {
        const couldNotLook = (error: unknown): readonly string[] => [`it could not be looked at: ${errorChain(error)}`];
        note(name, (await conclude?.(stage).catch(couldNotLook)) ?? []);
      }
    },
  };
}
