import type { MortalPostgres } from '../test/support/mortal-postgres.ts';
import type { TestImprint } from '../test/support/imprint.ts';
import type { Crew } from './crew.ts';
import type { Ledger } from './ledger.ts';
import type { Orders } from './orders.ts';

/** What a chaos run is played on, whether its machines are simulated or real. */
export interface Stage {
  readonly imprint: Pick<TestImprint, 'client' | 'temporal' | 'server' | 'catalog' | 'library'>;
  readonly postgres: MortalPostgres;
  readonly crew: Crew;
  readonly orders: Orders;
  readonly ledger: Ledger;
  /** A run that takes longer was lost, or hangs. In milliseconds. */
  readonly endMs: number;
  /** Aborted when nothing has to be waited for any more: a control has shown what it was for. */
  readonly over: AbortController;
  say(line: string): void;
}
