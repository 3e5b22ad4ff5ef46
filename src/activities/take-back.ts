import type { ComputerState } from '../domain/computer.ts';
import type { Fence } from '../domain/fence.ts';
import { removeOrders } from '../library/imaging-orders.ts';
import { endJobs } from '../library/jobs.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { touchedNode, type EndedRun } from '../domain/ended-steps.ts';
import { nodeFacts } from './facts.ts';
import { leaveTransfer } from './leave-transfer.ts';
import { takeBackCapture } from './take-back-capture.ts';
import { takeBackLoad } from './take-back-load.ts';
import { takeBackReservation } from './take-back-reservation.ts';

/** What was done about what a run had left. */
export interface TakenBack {
  /** The state in which the node is: as it was claimed, or to be looked at. */
  readonly left: ComputerState | 'previous';
  /** Sentences for the record. */
  readonly what: readonly string[];
}

/**
 * Takes back what a run has left that is over without having done so itself: its recorded steps are undone newest first, with the run's own undos,
 * and every job of it is ended and proved dead. `fence` is the run's own, above all that its attempts had. May be run again, after half a run too.
 */
export async function takeBack(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<TakenBack> {
  const load = await takeBackLoad(deps, ended, fence);
  const capture = await takeBackCapture(deps, ended, fence);
  const reservation = await takeBackReservation(deps, ended, fence);
  const { library } = await nodeFacts(deps, fence.node);
  await endJobs(library, deps.jobs, fence, callContext());
  await leaveTransfer(deps, fence, library);
  const orders = await removeOrders(library, fence.owner, callContext());
  const withdrawn = orders === 0 ? [] : ['the machine has no imaging order any more'];
  return {
    left: touchedNode(ended) ? 'maintenance' : 'previous',
    what: [...load, ...capture, ...reservation, ...withdrawn],
  };
}
