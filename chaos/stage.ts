import type { MortalPostgres } from '../test/support/mortal-postgres.ts';
import type { TestImprint } from '../test/support/imprint.ts';
import type { SmallDisk } from '../test/support/small-disk.ts';
import type { Crew } from './crew.ts';
import type { Ledger } from './ledger.ts';
import type { Orders } from './orders.ts';

/** What a chaos run is played on. */
export interface Stage {
  readonly imprint: TestImprint;
  readonly postgres: MortalPostgres;
  /** What the library lies on; undefined where no file system can be mounted. */
  readonly disk: SmallDisk | undefined;
  readonly crew: Crew;
  readonly orders: Orders;
  readonly ledger: Ledger;
  /** Runs whose job was killed: their copy must begin again. */
  readonly jobsKilled: { readonly node: string; readonly owner: string; readonly job: string }[];
  /** A run that takes longer was lost, or hangs. In milliseconds. */
  readonly endMs: number;
  /** Aborted when nothing has to be waited for any more: a control has shown what it was for. */
  readonly over: AbortController;
  say(line: string): void;
}
