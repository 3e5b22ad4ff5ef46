import type { SystemNeed } from '../src/platform/packages.ts';
import type { Figure } from './results.ts';

/** What a benchmark is given. */
export interface Stage {
  /** Smaller sizes and fewer rounds: shows that the benchmark works, not how fast Imprint is. */
  readonly quick: boolean;
  /** An empty directory of its own, removed afterwards. */
  readonly directory: string;
  /** Prints a line about what is being done. */
  say(line: string): void;
}

/** Measures one or several rows of the table in docs/figures.md. */
export interface Benchmark {
  /** As it is called on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** System packages without which it is left out, with the reason in the results. */
  readonly needs: readonly SystemNeed[];
  measure(stage: Stage): Promise<readonly Figure[]>;
}

/** `full` normally, `small` with `--quick`. */
export function sized<T>({ quick }: Stage, full: T, small: T): T {
  return quick ? small : full;
}
