import type { Secrets } from '../remote/secrets.ts';
import type { Shell } from '../remote/shell.ts';
import type { BmcTurns } from './bmc-turns.ts';

/** What power modules work with. */
export interface PowerDeps {
  readonly secrets: Secrets;
  /** The management node itself: its ipmitool is used, and its network. */
  readonly shell: Shell;
  readonly turns: BmcTurns;
}
