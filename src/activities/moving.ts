import { log } from '@temporalio/activity';
import type { Catalog } from '../catalog/catalog.ts';
import { isFresh } from '../domain/check-in.ts';
import { ConflictError, InvalidInputError } from '../domain/errors.ts';
import { begun, touchedNode } from '../domain/ended-steps.ts';
import type { MoveRequest } from '../domain/move.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { libraryPaths } from '../library/paths.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { hostLibraryOf } from './host-library.ts';
import { tell } from './tell.ts';

/** A run goes on with another management node. */
export interface MovingActivities {
  /**
   * Refuses to move the run to a management node that does not reach its node, cannot drive its system or is away, from one that is there, and where
   * what it has begun stays with its management node. Belongs to no step.
   */
  checkMove(input: { readonly run: string; readonly node: string; readonly to: string }): Promise<void>;
  /**
   * The claim's epoch rises, so that whoever still acts on the former management node is refused, and the claim names the new one. Slots are given
   * back. Answers what is left behind.
   */
  moveRun(input: StepInput & MoveRequest & { readonly from: string }): Promise<Evidence>;
}

export function createMovingActivities(deps: ActivityDependencies): MovingActivities {
  const { catalog, notifier } = deps;
  return {
    async checkMove({ run, node, to }) {
      await catalog.runs.refuseOver(run);
      const candidates = await catalog.drivers.of(node);
      const names = candidates.map(({ managementNode }) => managementNode).join(', ');
      const chosen = candidates.find(({ managementNode }) => managementNode === to);
      if (chosen === undefined) {
        throw new InvalidInputError(`${to} does not reach ${node}, or cannot drive its system; who does: ${names}`);
      }
      if (!isFresh(chosen.secondsSinceCheckIn)) throw new ConflictError(`management node ${to} is away itself`);
      await refuseFromHere(catalog, node);
      await refuseBound(deps, run, node);
    },

    async moveRun({ from, to, by, reason, ...step }) {
      const { epoch } = await catalog.claims.move(claimant(step), to);
      await catalog.slots.release(step.run);
      const left = await leftBehind(deps, step, from);
      await cutSteps(catalog, step, from);
      log.warn('Run goes on with another management node', { run: step.run, node: step.node, from, to, by, reason });
      await tell(notifier, { event: 'moved', run: step.run, node: step.node, message: `${to} by ${by}: ${reason}` });
      return { from, to, by, reason, epoch, ...(left === undefined ? {} : { leftBehind: left }) };
    },
  };
}

/** What is there may still work, whatever somebody says. */
async function refuseFromHere({ claims, managementNodes }: Catalog, node: string): Promise<void> {
  const claim = await claims.find(node);
  if (claim === undefined) return;
  const { name, secondsSinceCheckIn } = await managementNodes.get(claim.managementNode);
  if (!isFresh(secondsSinceCheckIn)) return;
  throw new ConflictError(
    `management node ${name} checked in ${String(secondsSinceCheckIn)} s ago: a run leaves only one that is away`,
  );
}

/** An order that is left behind would go on driving the machine as soon as its management node is back. */
export async function refuseBound(
  { catalog, provisioner }: Pick<ActivityDependencies, 'catalog' | 'provisioner'>,
  run: string,
  node: string,
): Promise<void> {
  const { provisioningSystem: system } = await catalog.computers.get(node);
  if (provisioner(system).staysWith === undefined) return;
  const record = await catalog.runs.find(run);
  if (!touchedNode({ record, steps: await catalog.runs.steps(run) })) return;
  throw new ConflictError(
    `move run ${run}: what a run of ${system} has begun stays with its management node; bring that one back, or terminate the run and release ${node}`,
  );
}

/** The staging directory of a capture, where the new management node does not see it. */
async function leftBehind(
  deps: ActivityDependencies,
  { run, node }: StepInput,
  from: string,
): Promise<string | undefined> {
  const { catalog } = deps;
  if (hostLibraryOf(deps, await catalog.computers.get(node)) !== undefined) return undefined;
  const record = await catalog.runs.find(run);
  const isStaged = record?.procedure === 'captureImage' && begun({ steps: await catalog.runs.steps(run) }, '5');
  if (!isStaged) return undefined;
  const { libraryRoot: root } = await catalog.managementNodes.get(from);
  return `${libraryPaths({ root }).staging(run)} in library ${from}`;
}

/** Nobody is going to say how these ended. */
async function cutSteps({ runs }: Catalog, { run, step }: StepInput, from: string): Promise<void> {
  const open = (await runs.steps(run)).filter(({ number, state }) => state === 'running' && number !== step.number);
  for (const { number, title, attempt } of open) {
    await runs.recordStep(run, {
      number,
      title,
      attempt,
      state: 'failed',
      error: `cut: the run has left ${from}, and begins again on another management node`,
    });
  }
}
