import type { CallContext } from '../domain/call-context.ts';

/**
 * One command at a time for each management controller, with a rest between two, whichever processes send them: controllers are slow computers that
 * drop sessions, and some drop actions, when they are hurried.
 */
export interface BmcTurns {
  /**
   * Waits for its turn, then does `work` and gives the turn back however that ended. The turn of a process that died ends by itself. `work` is one
   * command and has its own time limit; its signal is aborted when the turn was lost all the same. UnavailableError when the turn did not come within
   * the limit: it names who has it.
   */
  during<T>(bmc: BmcAddress, context: CallContext, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** Which controller, and how it is to be treated. */
export interface BmcAddress {
  /** The same for everybody who speaks to it: `ipmi 192.0.2.7:623`, `redfish https://192.0.2.8`. */
  readonly name: string;
  /** From the end of one command to the beginning of the next. */
  readonly restMs: number;
}
