import { ConflictError } from '../domain/errors.ts';
import type { StepInput } from '../domain/step-input.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { touchedNode } from '../domain/ended-steps.ts';

type Asking = Pick<StepInput, 'run' | 'node'>;

/** The run that still owns the node though it is over, however it ended; undefined when nobody does, or who does goes on. */
export async function ownerOver({ catalog, runs }: ActivityDependencies, asking: Asking): Promise<string | undefined> {
  const claim = await catalog.claims.find(asking.node);
  if (claim === undefined || claim.owner === asking.run) return undefined;
  return (await runs.presence(claim.owner)) === 'open' ? undefined : claim.owner;
}

/** Why a node is not captured that its owner, which is over, has left half done; undefined when it has not. */
export async function leftHalfDone(
  { catalog }: ActivityDependencies,
  node: string,
  over: string,
): Promise<string | undefined> {
  const ended = { record: await catalog.runs.find(over), steps: await catalog.runs.steps(over) };
  if (!touchedNode(ended)) return undefined;
  return `node ${node} was left half done by run ${over}, which is over; look at it, then give it free with: imprint nodes release ${node}`;
}

/** What a run was cut in is not what somebody has configured: before it is captured, an operator must have looked at the node. */
export async function refuseHalfDone(deps: ActivityDependencies, node: string, over: string): Promise<void> {
  const reason = await leftHalfDone(deps, node, over);
  if (reason !== undefined) throw new ConflictError(reason, { evidence: { owner: over } });
}
