import { computerTransitions, type Computer, type ComputerState, type Problem } from '../domain/computer.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { leftHalfDone } from './owner-over.ts';

/** What a node's owner and state mean for a capture of it. */
export interface PreviewedOwnership {
  readonly problems: readonly Problem[];
  /** The run that still owns the node though it is over: the capture would begin by taking the node over. */
  readonly takesOverFrom?: string;
}

/** Only reads: nothing is taken over for a preview. `takesUp`: the run that the capture would go on from. */
export async function previewOwnership(
  deps: ActivityDependencies,
  computer: Computer,
  takesUp: string | undefined,
): Promise<PreviewedOwnership> {
  const claim = await deps.catalog.claims.find(computer.name);
  if (claim === undefined) return { problems: stateProblems(computer.state) };
  const { owner, since, previousState } = claim;
  if ((await deps.runs.presence(owner)) === 'open') return inTheWay(`run ${owner} owns it since ${since}`);
  const halfDone = owner === takesUp ? undefined : await leftHalfDone(deps, computer.name, owner);
  if (halfDone !== undefined) return inTheWay(halfDone);
  return { problems: stateProblems(previousState), takesOverFrom: owner };
}

function inTheWay(problem: string): PreviewedOwnership {
  return { problems: [{ where: 'node', problem }] };
}

function stateProblems(state: ComputerState): readonly Problem[] {
  if (computerTransitions[state].includes('capturing')) return [];
  return [{ where: 'node', problem: `its state ${state} does not allow a capture` }];
}
