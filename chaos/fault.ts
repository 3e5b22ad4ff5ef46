import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** Something that goes wrong from outside, on a stage of that kind. */
export interface Fault<S extends Stage = Stage> {
  /** As it is called in the table. */
  readonly kind: string;
  /** For the table, a sentence. */
  readonly about: string;
  /** How often it comes, compared with the others. */
  readonly weight: number;
  /** It cannot strike what it has struck already: the next one waits for the one before. */
  readonly oneAtATime?: true;
  /** Lets it happen, and resolves when what was ended runs again. Several happen at the same time. */
  strike(stage: S, random: Random): Promise<Struck>;
}

/** What was struck, in words for the protocol; undefined when there was nothing to strike. */
export interface Struck {
  readonly what: string | undefined;
  /** When it began, in milliseconds since 1970, and whom it kept from working: time to continue is measured for these. */
  readonly halted?: { readonly at: number; readonly by: Halt };
  /** How long it took, in seconds, where the fault itself saw what it had ended begin again. */
  readonly continuedAfter?: number;
}

/** Runs whose activity was with the worker of that process, or all of them. */
export type Halt = { readonly worker: number } | 'everything';
