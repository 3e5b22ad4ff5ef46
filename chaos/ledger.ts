import type { Machine } from '../src/provisioners/simulated/machine.ts';

/** What was seen of a machine. */
export interface Sight {
  readonly power: Machine['power'];
  /** What runs on it, where something does that was loaded. */
  readonly loaded?: unknown;
  /** Since when it is off, in milliseconds since 1970, where that is known. */
  readonly offSince?: number;
}

/** A run that the workload asked for. */
export interface Asked {
  readonly run: string;
  readonly procedure: 'captureImage' | 'loadNode' | 'powerNode';
  readonly node: string;
  /** Of a capture or a load. */
  readonly image?: string;
  /** Of a power run: what it asks for. */
  readonly power?: Machine['power'];
  readonly cancelled: boolean;
  /** What the client said; absent when it took the request. */
  readonly refused?: string;
  /** Whether its end was waited for in vain. */
  readonly endless?: true;
  /** The machine when its last run had just ended, before anybody else may touch it. */
  readonly after?: Sight;
}

/** Everything that was asked for, by run. */
export interface Ledger {
  write(asked: Asked): void;
  amend(run: string, more: Partial<Asked>): void;
  all(): readonly Asked[];
}

export function createLedger(): Ledger {
  const entries = new Map<string, Asked>();
  return {
    write: (asked) => void entries.set(asked.run, asked),
    amend: (run, more) => {
      const known = entries.get(run);
      if (known !== undefined) entries.set(run, { ...known, ...more });
    },
    all: () => [...entries.values()],
  };
}

/** Those that the client took. */
export function taken(ledger: Ledger): readonly Asked[] {
  return ledger.all().filter(({ refused }) => refused === undefined);
}
