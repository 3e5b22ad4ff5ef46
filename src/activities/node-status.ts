import type { CallContext } from '../domain/call-context.ts';
import { ImprintError, NotReadyError, UnauthorizedError, errorChain } from '../domain/errors.ts';
import type { ImageDisk, Revision } from '../domain/image.ts';
import type { NodeObservation, NodeStatus } from '../domain/node-status.ts';
import type { StepInput } from '../domain/step-input.ts';
import { readImageFile } from '../library/read-image-file.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { moduleOf, nodeFacts, type NodeFacts } from './facts.ts';
import { pollUntil } from './polling.ts';

/** How long a prepared node may take until it is READY: a reading follows postLoad at once, so this covers hiccups only. */
const readySeconds = 300;

/** Reading a node's status: claims nothing, changes nothing. */
export interface NodeStatusActivities {
  /** Without a revision: whether what was last recorded is loaded and prepared. */
  readNodeStatus(input: StepInput & { readonly revisionId?: number }): Promise<NodeStatus & Begun>;
  /** UnauthorizedError when somebody else answers, or refuses the login, the node's controller included: the run itself has prepared the node, so waiting mends nothing. */
  awaitReady(input: StepInput & { readonly revisionId: number }): Promise<NodeStatus>;
}

/** Whether the run has begun a load's plan before it read this status: it was moved to another management node since, or reset. */
export interface Begun {
  readonly begun?: true;
}

interface Asked {
  readonly node: string;
  readonly revisionId: number | undefined;
}

/** What is made of a node's refusal to answer. */
interface Observing {
  readonly context: CallContext;
  readonly wordsOf: (error: ImprintError) => string;
}

export function createNodeStatusActivities(deps: ActivityDependencies): NodeStatusActivities {
  return {
    async readNodeStatus({ node, revisionId, ...of }) {
      const status = await readStatus(deps, { node, revisionId }, callContext());
      return (await hasBegunPlan(deps, of)) ? { ...status, begun: true } : status;
    },

    async awaitReady({ node, revisionId }) {
      const context = callContext();
      const wait = { what: `${node} to be READY`, deadlineSeconds: readySeconds, context };
      return await pollUntil(wait, async () => {
        const status = await readStatus(deps, { node, revisionId }, context, refuseStrangers);
        if (status.status === 'READY') return status;
        throw new NotReadyError(whyNotReady(node, status), {
          evidence: { ...status.reasons },
        });
      });
    },
  };
}

/** Reads a node's status; without a revision: of whatever was last recorded. */
export async function readStatus(
  deps: ActivityDependencies,
  { node, revisionId }: Asked,
  context: CallContext,
  wordsOf = asObservation,
): Promise<NodeStatus> {
  const facts = await nodeFacts(deps, node);
  const expected = revisionId === undefined ? undefined : await deps.catalog.revisions.get(revisionId);
  const observe = async () => await observeNode(deps, facts, expected, { context, wordsOf });
  const readImageFile = async (revision: Revision, disk: ImageDisk) => await readFile(deps, facts, { revision, disk });
  return await facts.provisioner.nodeStatus(facts.computer, expected, {
    ...context,
    observe,
    readImageFile,
    wordsOf,
  });
}

/** The steps of the plan are 5.1 … of a load, whose status is step 2, and 8.5.1 … of a capture, whose status is step 8.2. */
async function hasBegunPlan(
  { catalog }: ActivityDependencies,
  { run, step }: Pick<StepInput, 'run' | 'step'>,
): Promise<boolean> {
  const plan = step.number.replace(/2$/, '5.');
  return (await catalog.runs.steps(run)).some(({ number }) => number.startsWith(plan));
}

/** With what SSH says where it cannot be opened: that is what somebody has to mend. */
export function whyNotReady(node: string, { status, ssh, reasons }: NodeStatus): string {
  const said = [`${node} is ${status}`, reasons['status'], ssh === false ? reasons['ssh'] : undefined];
  return said.filter((one) => one !== undefined).join(': ');
}

/** An unreachable node, and one that is not the known one, is an observation, not an error: it may have to be loaded anew. */
const asObservation = (error: ImprintError): string => errorChain(error);

function refuseStrangers(error: ImprintError): string {
  if (error instanceof UnauthorizedError) throw error;
  return errorChain(error);
}

async function readFile(
  { catalog }: ActivityDependencies,
  { library }: NodeFacts,
  { revision, disk }: { readonly revision: Revision; readonly disk: ImageDisk },
): Promise<Uint8Array | undefined> {
  const copy = await catalog.copies.find(revision.id, library.name);
  return copy === undefined ? undefined : await readImageFile(library, copy, disk, callContext());
}

/** Opens SSH and reads currentimage.txt. */
async function observeNode(
  deps: ActivityDependencies,
  facts: NodeFacts,
  expected: Revision | undefined,
  { context, wordsOf }: Observing,
): Promise<NodeObservation & { readonly reason: string }> {
  const module = expected === undefined ? await moduleOfLoaded(deps, facts) : moduleOf(deps, expected);
  if (module === undefined)
    return { ssh: false, reason: 'nothing with an operating system is recorded as loaded, so no OS module is known' };
  try {
    const currentImage = await module.currentImage(facts.shell, context);
    return {
      ssh: true,
      ...(currentImage === undefined ? {} : { currentImage }),
      reason: `${facts.shell.host} answered`,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError) return { ssh: false, reason: wordsOf(error) };
    throw error;
  }
}

async function moduleOfLoaded(deps: ActivityDependencies, facts: NodeFacts) {
  const id = facts.computer.currentRevisionId;
  const loaded = id === undefined ? undefined : await deps.catalog.revisions.get(id);
  return loaded?.osModule === undefined ? undefined : moduleOf(deps, loaded);
}
