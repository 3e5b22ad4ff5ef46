import type { NodeStatusValue } from '../domain/node-status.ts';
import type { Evidence, PlanStep } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { catalog, onNode } from './activities.ts';
import { loadWork, takePlanSteps } from './plan-steps.ts';
import { giveSlotBack, waitForSlot } from './slot-steps.ts';
import type { Steps } from './steps.ts';

/** Which revision comes onto which node. The node's claim is held by the caller, as its step 1. */
export interface LoadTarget {
  readonly node: string;
  readonly revisionId: number;
  /** Whether no operating system is involved: then nothing says goodbye, no host keys are learned and nothing is prepared. */
  readonly withoutSystem: boolean;
  /** Host keys of the system that is put back if the load is taken back; absent when none is. */
  readonly outgoingHostKeys?: readonly string[];
}

/** Only a system that this run cloned proves the library's copy: the machine that was captured proves nothing of it. */
export type Origin = 'cloned from the library' | 'found on the node';

/**
 * Steps 2 to 8 of loadNode, with their numbers behind `prefix` (captureImage does them as 8.2 to 8.8).
 * Returns what the node's status was before.
 */
export async function loadOnto(steps: Steps, prefix: string, target: LoadTarget): Promise<NodeStatusValue> {
  const { node, revisionId } = target;

  // 2. Node status: READY → done, POST_LOAD → only step 6, RELOAD → go on.
  const { status, reasons, begun } = await steps.take(
    `${prefix}2`,
    `Read the status of ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'guest', `Status of ${node}`).readNodeStatus({ ...step, revisionId }),
    { noUndo: 'It only reads.' },
  );
  // Without an operating system nothing on the node says how far a plan was carried out: all of it is, again.
  if (status === 'RELOAD' || (begun === true && target.withoutSystem)) {
    await reload(steps, prefix, { ...target, found: reasons['status'] ?? status });
    return 'RELOAD';
  }
  if (begun === true) await finishFound(steps, prefix, target, status);
  else await prepareFound(steps, prefix, target, status);
  return status;
}

/** The run itself has put the system there, before it moved to another management node or was reset: what its plan does behind READY remains. */
async function finishFound(
  steps: Steps,
  prefix: string,
  target: LoadTarget,
  status: 'READY' | 'POST_LOAD',
): Promise<void> {
  steps.touch();
  const { after } = splitPlan(await askForPlan(steps, prefix, { ...target, isThere: true }));
  await prepareFound(steps, prefix, target, status);
  await retire(steps, prefix, target, after);
}

/** There is a whole system on the node. */
async function prepareFound(
  steps: Steps,
  prefix: string,
  target: LoadTarget,
  status: 'READY' | 'POST_LOAD',
): Promise<void> {
  steps.power.letBoot();
  if (status === 'POST_LOAD') await prepareLoaded(steps, prefix, target, 'found on the node');
  else await recordLoaded(steps, prefix, target, 'found on the node');
}

async function reload(steps: Steps, prefix: string, target: LoadTarget & { readonly found: string }): Promise<void> {
  const { node } = target;

  // 2.1. A slot of the management node, the host and the library: from here until READY the load is heavy work.
  await waitForSlot(steps, prefix, target);

  // 3. The revision has a sound copy in the library that the target reads; 3.1 it is brought there where it has none.
  await provideCopy(steps, prefix, target);

  // 4. Pre-reload hook of the outgoing system, where there is one.
  if (!target.withoutSystem) await sayGoodbye(steps, prefix, target);

  // 5. Carry out the provisioner's load plan.
  const { before, after } = splitPlan(await askForPlan(steps, prefix, target));
  steps.stopIfCancelled();
  steps.touch();
  await putSystemOn(steps, prefix, before, target);

  // 6 to 8.
  if (!target.withoutSystem) await learnHostKeys(steps, prefix, target);
  await prepare(steps, prefix, target);
  await giveSlotBack(steps, prefix, node);
  await recordLoaded(steps, prefix, target, 'cloned from the library');
  await retire(steps, prefix, target, after);
}

async function askForPlan(
  steps: Steps,
  prefix: string,
  { revisionId, isThere }: LoadTarget & { readonly isThere?: true },
): Promise<readonly PlanStep[]> {
  return await steps.take(
    `${prefix}5`,
    'Ask the provisioner for its plan, and carry it out',
    async (step) =>
      await onNode(steps.managementNode, 'short', 'Plan the load').planLoad({
        ...step,
        revisionId,
        ...(isThere === undefined ? {} : { isThere }),
      }),
    { noUndo: 'It only reads.' },
  );
}

/** What belongs behind step 8: nothing needs the outgoing system any more. */
async function retire(
  steps: Steps,
  prefix: string,
  { node, revisionId }: LoadTarget,
  after: readonly PlanStep[],
): Promise<void> {
  await takePlanSteps(steps, `${prefix}8`, after, loadWork(steps, { revisionId }));
  await steps.take(
    `${prefix}8.${String(after.length + 1)}`,
    `Delete what loads had set aside on ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'short', `Delete what was set aside on ${node}`).discardSetAside(step),
    {
      noUndo: 'Nothing needs it: what is still the source of a revision that has not been READY is kept.',
      skippable: { without: 'it stays until the next load', instead: {} },
    },
  );
  await steps.take(
    `${prefix}8.${String(after.length + 2)}`,
    'Clear the jobs of the run',
    async (step) =>
      await onNode(steps.managementNode, 'short', 'Clear the jobs of the run').clearLoadJobs({ ...step, revisionId }),
    { noUndo: 'They are done.', skippable: { without: 'their directories stay', instead: undefined } },
  );
}

async function provideCopy(
  steps: Steps,
  prefix: string,
  target: LoadTarget & { readonly found: string },
): Promise<void> {
  const { missing } = await checkCopy(steps, `${prefix}3`, target);
  // Absent in the answer of a worker that brings nothing.
  if (missing === undefined) return;
  const { revisionId } = target;
  await steps.take(
    `${prefix}3.1`,
    'Bring the copy from another library',
    async (step) => await onNode(steps.managementNode, 'long', 'Bring the copy').bringCopy({ ...step, revisionId }),
    {
      undo: async (step) =>
        await onNode(steps.managementNode, 'guest', 'Leave what was brought').leaveCopy({ ...step, revisionId }),
    },
  );
  await checkCopy(steps, `${prefix}3.2`, target);
}

async function checkCopy(
  steps: Steps,
  number: string,
  { revisionId, found }: LoadTarget & { readonly found: string },
): Promise<Evidence> {
  const what = 'Check the copy in the library';
  return await steps.take(
    number,
    what,
    async (step) =>
      await onNode(steps.managementNode, 'long', what).checkLoad({ ...step, revisionId, found, brings: true }),
    {
      undo: async (step) =>
        await onNode(steps.managementNode, 'guest', 'End the checksum jobs').clearLoadJobs({ ...step, revisionId }),
    },
  );
}

async function sayGoodbye(steps: Steps, prefix: string, { node }: LoadTarget): Promise<void> {
  await steps.take(
    `${prefix}4`,
    `Say goodbye to the outgoing system of ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'guest', `Say goodbye to the outgoing system of ${node}`).preReload(step),
    {
      noUndo: 'The hook changes nothing that the outgoing system would miss if it stays.',
      skippable: { without: 'the outgoing system is not told', instead: {} },
    },
  );
}

/** Until all of it is there, and again while it is taken back, there is no whole system that could boot. */
async function putSystemOn(
  steps: Steps,
  prefix: string,
  plan: readonly PlanStep[],
  { node, revisionId }: LoadTarget,
): Promise<void> {
  const work = loadWork(steps, { revisionId });
  const notWhole = `the load has not put a whole system on ${node}`;
  steps.power.keepFromBooting(notWhole);
  const undo = async (step: StepInput, planned: PlanStep): Promise<void> => {
    steps.power.keepFromBooting(notWhole);
    await work.undo(step, planned);
  };
  await takePlanSteps(steps, `${prefix}5`, plan, { ...work, undo });
  steps.power.letBoot();
}

/** Before the first contact with a system that has booted with new host keys. */
export async function learnHostKeys(steps: Steps, prefix: string, target: LoadTarget): Promise<void> {
  const { node, revisionId, outgoingHostKeys: hostKeys } = target;
  await steps.take(
    `${prefix}6.1`,
    `Learn the host keys of ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'poll', `Wait for the host keys of ${node}`).learnHostKeys({
        ...step,
        revisionId,
      }),
    hostKeys === undefined
      ? { noUndo: 'There is no earlier system whose keys would be valid again.' }
      : {
          undo: async (step) =>
            await catalog(`Restore the host keys of ${node}`).restoreHostKeys({ ...step, hostKeys }),
        },
  );
}

/** Steps 6 to 8: prepare the system that is on the node, see it READY, record it. */
export async function prepareLoaded(steps: Steps, prefix: string, target: LoadTarget, origin: Origin): Promise<void> {
  await prepare(steps, prefix, target);
  await recordLoaded(steps, prefix, target, origin);
}

async function prepare(steps: Steps, prefix: string, target: LoadTarget): Promise<void> {
  const { node, revisionId } = target;

  // 6. postLoad, where there is a system.
  if (!target.withoutSystem) await postLoad(steps, prefix, target);

  // 7. Poll node status until READY.
  await steps.take(
    `${prefix}7`,
    `Wait until ${node} is READY`,
    async (step) =>
      await onNode(steps.managementNode, 'poll', `Wait until ${node} is READY`).awaitReady({ ...step, revisionId }),
    { noUndo: 'It only reads.' },
  );
}

async function postLoad(steps: Steps, prefix: string, { node, revisionId }: LoadTarget): Promise<void> {
  await steps.take(
    `${prefix}6.2`,
    `Prepare the system of ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'poll', `Prepare the system of ${node}`).postLoad({ ...step, revisionId }),
    { noUndo: 'What it prepared goes with the disk when the load is taken back.' },
  );
}

async function recordLoaded(steps: Steps, prefix: string, target: LoadTarget, origin: Origin): Promise<void> {
  const { node, revisionId } = target;
  const what = `Record what is loaded on ${node}`;
  // 8. Record what is loaded. From here on the outgoing system does not come back.
  await steps.take(
    `${prefix}8`,
    what,
    async (step) =>
      origin === 'cloned from the library'
        ? await catalog(what).recordLoadedFromLibrary({ ...step, revisionId })
        : await catalog(what).recordLoaded({ ...step, revisionId }),
    { noUndo: 'It is true: the node was seen READY with this revision.' },
  );
  steps.pointOfNoReturn(['1']);
  steps.keep(`${node} is loaded and stays so`);
}

/** Steps of the plan that belong before the boot, and those that may happen only once the node has been READY. */
function splitPlan(plan: readonly PlanStep[]): { before: readonly PlanStep[]; after: readonly PlanStep[] } {
  const isAfter = (step: PlanStep): boolean => step.arguments['phase'] === 'afterReady';
  return { before: plan.filter((step) => !isAfter(step)), after: plan.filter(isAfter) };
}
