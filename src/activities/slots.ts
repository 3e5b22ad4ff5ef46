import { log } from '@temporalio/activity';
import type { NewSlotRequest, SlotTurn } from '../catalog/slots.ts';
import { QueuedError, UnavailableError } from '../domain/errors.ts';
import type { Evidence } from '../domain/plan.ts';
import { describePlace } from '../domain/slot-queue.ts';
import { slotResource } from '../domain/slots.ts';
import type { StepInput } from '../domain/step-input.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts, type NodeFacts } from './facts.ts';

/** Steps 2.1 and 7.1 of loadNode. */
export interface SlotActivities {
  /**
   * Takes one slot of the node's management node, of the host that carries it and of the library that it reads, all at once.
   * QueuedError, with the place in the queue, until there is room: then it is asked again, and nothing is held meanwhile.
   */
  takeSlot(input: StepInput): Promise<Evidence>;
  /** Gives the slot back, or leaves the queue. Of nothing: success. */
  releaseSlot(input: StepInput): Promise<void>;
  /**
   * For a run that waits for an operator meanwhile; they belong to no step. It leaves its place in every line: at step 3 or 3.1 it may have the turn to
   * prove or bring a copy for which others wait.
   */
  leaveSlot(input: Held): Promise<void>;
  takeSlotAgain(input: Held): Promise<void>;
}

type Held = Pick<StepInput, 'run' | 'node'>;

export function createSlotActivities(deps: ActivityDependencies): SlotActivities {
  const take = async ({ run, node }: Held): Promise<Evidence> => {
    const resources = resourcesOf(await nodeFacts(deps, node), deps.library.name);
    const prove = async () => await deps.catalog.claims.fence(claimant({ run, node }));
    const { waitedSeconds } = await awaitTurn(deps, { run, purpose: 'load', resources, prove });
    return { slots: [...resources], waitedSeconds };
  };
  const release = async ({ run }: Held): Promise<void> => await deps.catalog.slots.release(run, 'load');
  return {
    takeSlot: take,
    releaseSlot: release,
    leaveSlot: async ({ run }) => await deps.catalog.slots.release(run),
    takeSlotAgain: async (held) => {
      await take(held);
    },
  };
}

/** A management node's library has its name. */
function resourcesOf({ computer, provisioner, library }: NodeFacts, managementNode: string): readonly string[] {
  const host = provisioner.hostOf?.(computer);
  return [
    slotResource('management-node', managementNode),
    ...(host === undefined ? [] : [slotResource('host', host)]),
    slotResource('library', library.name),
  ];
}

/** Answers once the request is granted; QueuedError until then. Whoever waits looks after what runs that are over have left. */
export async function awaitTurn(
  deps: ActivityDependencies,
  request: NewSlotRequest,
): Promise<Extract<SlotTurn, { granted: true }>> {
  const turn = await deps.catalog.slots.request(request);
  if (turn.granted) return turn;
  await takeBackLeft(deps);
  throw queued(turn);
}

/** Those in front ask more often: hundreds of waiting runs must not keep the catalog busy. */
function queued(turn: Extract<SlotTurn, { granted: false }>): QueuedError {
  const { resource, position, slots } = turn;
  const againAfterMs = Math.min(15_000, 500 + position * 250);
  return new QueuedError(describePlace(turn), { againAfterMs, evidence: { resource, position, slots } });
}

/** A run that was terminated, or that failed in a way that its workflow could not handle, gave nothing back. */
async function takeBackLeft({ catalog, runs }: ActivityDependencies): Promise<void> {
  for (const run of await catalog.slots.takeUnchecked()) {
    try {
      if ((await runs.presence(run)) === 'open') continue;
    } catch (error) {
      // Nothing is taken away without an answer; the run is looked at again later.
      if (error instanceof UnavailableError) return;
      throw error;
    }
    log.info('Took back the slots of a run that is over', { owner: run });
    await catalog.slots.release(run);
  }
}
