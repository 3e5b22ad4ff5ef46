import type { BmcTurns } from '../../src/power/bmc-turns.ts';

/** For tests of one process in which nobody else speaks to the controller: every turn comes at once. */
export const freeTurns: BmcTurns = {
  during: async (_bmc, context, work) => await work(context.signal),
};
