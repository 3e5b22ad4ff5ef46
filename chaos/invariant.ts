import type { Stage } from './stage.ts';

/** Something that must be so, whatever happens on a stage of that kind. */
export interface Invariant<S extends Stage = Stage> {
  /** As it is called in the table. */
  readonly name: string;
  /** A cheap look while everything goes on. Answers what is wrong; throws when it could not look, which is no violation. */
  look?(stage: S): Promise<readonly string[]>;
  /** When all has come to rest. It must be able to look. */
  conclude?(stage: S): Promise<readonly string[]>;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}
