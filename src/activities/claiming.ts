import { Context, log } from '@temporalio/activity';
import type { Computer, ComputerState } from '../domain/computer.ts';
import type { DriverChoice } from '../domain/driver-choice.ts';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import {
  parseCaptureImageInput,
  parseFreeNodeInput,
  parseLoadNodeInput,
  parseNodeInput,
  parsePowerNodeInput,
} from '../domain/inputs.ts';
import type { CaptureImageInput, FreeNodeInput, LoadNodeInput, NodeInput, PowerNodeInput } from '../domain/inputs.ts';
import { nameOfRevision, type Revision } from '../domain/image.ts';
import type { Procedure, RunState } from '../domain/run.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { cutStep } from '../catalog/settle-run.ts';
import type { StepInput } from '../domain/step-input.ts';

import { claimant } from './call.ts';
import { driverFor } from './driving.ts';
import { requireLoadable } from '../catalog/require-loadable.ts';
import { requireResumable } from '../catalog/require-resumable.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { changedNode } from '../domain/ended-steps.ts';
import { ownerOver, refuseHalfDone } from './owner-over.ts';
import { refuseKept } from './kept-disks.ts';
import { tell } from './tell.ts';

/** A revision as workflows need to know it. */
export interface NamedRevision {
  readonly id: number;
  readonly image: string;
  readonly revision: number;
  /** `demo-web-v1` */
  readonly name: string;
  /** Present when no operating system is involved: nothing of it is prepared, sealed or asked. */
  readonly withoutSystem?: true;
}

export function nameRevision(revision: Revision): NamedRevision {
  const { id, image, revision: number, osModule } = revision;
  const named = { id, image, revision: number, name: nameOfRevision(revision) };
  return osModule === undefined ? { ...named, withoutSystem: true } : named;
}

/** The node is still owned by a run that is over: it must be taken over from that before it is claimed. */
export interface LeftByOther {
  readonly managementNode: string;
  readonly over: string;
}

export type Claimed<Answer> = Answer | LeftByOther;

/** Who drives a node, and with which system. */
export interface NodeDriver {
  readonly managementNode: string;
  readonly provisioningSystem: string;
  /** Why that management node; absent where no other reaches the node. */
  readonly because?: string;
}

/** The answer of a claim that an earlier execution of the same run may have had before: it was reset in Temporal. */
export interface ClaimedAgain {
  /** Whether that execution has changed what is on the node. */
  readonly touched: boolean;
}

/** A procedure's first and last steps. Input is checked here once more: a workflow can be started without the client. */
export interface ClaimingActivities {
  /** Answers the input with its defaults filled in. */
  claimForCapture(
    input: StepInput & { readonly input: CaptureImageInput },
  ): Promise<Claimed<NodeDriver & ClaimedAgain & { input: CaptureImageInput }>>;
  /** Answers the host keys of the outgoing system too: they are valid again if it is put back. */
  claimForLoad(
    input: StepInput & { readonly input: LoadNodeInput },
  ): Promise<Claimed<NodeDriver & ClaimedAgain & { revision: NamedRevision; hostKeys: readonly string[] }>>;
  claimForPower(input: StepInput & { readonly input: PowerNodeInput }): Promise<Claimed<NodeDriver>>;
  claimForUnload(input: StepInput & { readonly input: NodeInput }): Promise<Claimed<NodeDriver>>;
  /** Answers the input with its defaults filled in, and the state in which the node is given back: one that is in use stays so. */
  claimToFree(
    input: StepInput & { readonly input: FreeNodeInput },
  ): Promise<Claimed<NodeDriver & { input: FreeNodeInput; state: 'available' | 'inuse' }>>;
  /** Claims nothing. */
  findNode(input: StepInput & { readonly input: NodeInput }): Promise<NodeDriver & { revisionId?: number }>;
  releaseNode(input: StepInput & { readonly state: ComputerState | 'previous' }): Promise<void>;
  recordOutcome(input: {
    readonly run: string;
    readonly state: Exclude<RunState, 'running'>;
    readonly outcome: string;
  }): Promise<void>;
}

export function createClaimingActivities(deps: ActivityDependencies): ClaimingActivities {
  return { ...createClaims(deps), ...createEndings(deps) };
}

type Endings = Pick<ClaimingActivities, 'releaseNode' | 'recordOutcome'>;

function createEndings({ catalog, notifier }: ActivityDependencies): Endings {
  return {
    async releaseNode({ state, ...step }) {
      await giveBack(catalog, step, state);
    },

    async recordOutcome({ run, state, outcome }) {
      log.info('Run ended', { run, state, outcome });
      // A run that was refused for its input before it was registered has no row; Temporal keeps its failure.
      const record = await catalog.runs.find(run);
      if (record === undefined) return;
      await closeSteps(catalog, run);
      await catalog.runs.recordOutcome(run, state, outcome);
      const { node, procedure } = record;
      if (isOfInterest(procedure)) await tell(notifier, { event: 'ended', run, node, message: `${state}: ${outcome}` });
    },
  };
}

function createClaims(deps: ActivityDependencies): Omit<ClaimingActivities, keyof Endings> {
  const { catalog } = deps;

  const claim = async (step: StepInput, state: ComputerState | 'unchanged') => await claimNode(deps, step, state);

  return {
    async claimForCapture({ input, ...step }) {
      const parsed = parseCaptureImageInput(input);
      await registerCapture(deps, step, parsed);
      const claimed = await claim(step, 'capturing');
      // What is left half done by the run that is taken up is what this one goes on with.
      if ('over' in claimed && claimed.over !== parsed.resumes?.run)
        await refuseHalfDone(deps, step.node, claimed.over);
      return { ...claimed, input: parsed, touched: await touchedBefore(catalog, step.run) };
    },

    async claimForLoad({ input, ...step }) {
      const parsed = parseLoadNodeInput(input);
      await registerRun(catalog, step, parsed);
      const computer = await catalog.computers.get(step.node);
      const revision = await catalog.revisions.resolve(parsed);
      await requireLoadable(catalog, computer, revision.operatingSystem);
      const left = await leftByOther(deps, step);
      if (left !== undefined) return left;
      const driver = await driverFor(deps, computer, revision);
      const fence = await catalog.claims.acquire(claimant(step), 'loading', driver.managementNode);
      // From here on the revision is not deleted under the load.
      await catalog.revisionUses.hold(fence, revision.id);
      return {
        ...(await claimedDriver(catalog, computer, driver)),
        revision: nameRevision(revision),
        hostKeys: computer.hostKeys ?? [],
        touched: await touchedBefore(catalog, step.run),
      };
    },

    async claimForPower({ input, ...step }) {
      await registerRun(catalog, step, parsePowerNodeInput(input));
      return await claim(step, 'unchanged');
    },

    async claimForUnload({ input, ...step }) {
      await registerRun(catalog, step, parseNodeInput(input));
      await refuseKept(catalog, step.node);
      return await claim(step, 'loading');
    },

    async claimToFree({ input, ...step }) {
      const parsed = parseFreeNodeInput(input);
      await registerRun(catalog, step, parsed);
      const claimed = await claim(step, 'unchanged');
      const { state } = await catalog.computers.get(step.node);
      // Whoever works on it has nothing to do with the run that is over.
      return { ...claimed, input: parsed, state: state === 'inuse' ? 'inuse' : 'available' };
    },

    async findNode({ input, ...step }) {
      const { node } = parseNodeInput(input);
      await registerRun(catalog, step, { node });
      const computer = await catalog.computers.get(node);
      const { currentRevisionId: revisionId, provisioningSystem } = computer;
      const driver = await driverFor(deps, computer);
      return { ...driver, provisioningSystem, ...(revisionId === undefined ? {} : { revisionId }) };
    },
  };
}

export async function claimNode(
  deps: ActivityDependencies,
  step: StepInput,
  state: ComputerState | 'unchanged',
): Promise<Claimed<NodeDriver>> {
  const computer = await deps.catalog.computers.get(step.node);
  const left = await leftByOther(deps, step);
  if (left !== undefined) return left;
  const driver = await driverFor(deps, computer);
  await deps.catalog.claims.acquire(claimant(step), state, driver.managementNode);
  return await claimedDriver(deps.catalog, computer, driver);
}

/** The run that is over is taken over where it worked: there lie its jobs and its staging. */
async function leftByOther(deps: ActivityDependencies, step: StepInput): Promise<LeftByOther | undefined> {
  const over = await ownerOver(deps, step);
  if (over === undefined) return undefined;
  const claim = await deps.catalog.claims.find(step.node);
  // Given back, or taken by somebody else, meanwhile: taking the claim says so.
  return claim?.owner === over ? { managementNode: claim.managementNode, over } : undefined;
}

/** A run that has claimed its node before, and was reset or tried once more, keeps its management node. */
async function claimedDriver(
  catalog: Catalog,
  { name, provisioningSystem }: Computer,
  choice: DriverChoice,
): Promise<NodeDriver> {
  const drives = (await catalog.claims.find(name))?.managementNode ?? choice.managementNode;
  if (drives === choice.managementNode) return { ...choice, provisioningSystem };
  return { managementNode: drives, provisioningSystem, because: `${drives} drives this run already` };
}

/** What an earlier execution of the run has done is in its record. */
async function touchedBefore(catalog: Catalog, run: string): Promise<boolean> {
  return changedNode({ record: await catalog.runs.find(run), steps: await catalog.runs.steps(run) });
}

/** A workflow that was started without the client, from Temporal's UI for instance, becomes a run of the catalog here. */
export async function registerRun(catalog: Catalog, step: StepInput, input: NodeInput): Promise<void> {
  if ((await catalog.runs.find(step.run)) !== undefined) return;
  const procedure = Context.current().info.workflowType as Procedure;
  await catalog.runs.register({ id: step.run, procedure, node: input.node, input: { ...input } });
}

/** What the run that is taken up has left half done is what this one goes on with, so its node is not refused for that. */
async function registerCapture(
  { catalog, runs }: ActivityDependencies,
  step: StepInput,
  input: CaptureImageInput,
): Promise<void> {
  await registerRun(catalog, step, input);
  const { image, node, resumes } = input;
  if (resumes === undefined) return;
  if ((await runs.presence(resumes.run)) === 'open') {
    throw new ConflictError(`run ${resumes.run} goes on; if it is held, answer it: imprint runs held`);
  }
  await requireResumable(catalog, { resumes, node, image, asking: step.run });
}

async function giveBack(catalog: Catalog, step: StepInput, state: ComputerState | 'previous'): Promise<void> {
  try {
    await catalog.claims.release(claimant(step), state);
  } catch (error) {
    // There was no such node to claim, so there is nothing to give back: the run fails for what its first step said.
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** Who asked for a status reads the answer; nobody else wants to hear of it. */
function isOfInterest(procedure: Procedure): boolean {
  return procedure !== 'checkNode';
}

/** A step that was cancelled, or whose worker went away for good, has not said how it ended. */
async function closeSteps(catalog: Catalog, run: string): Promise<void> {
  const open = (await catalog.runs.steps(run)).filter(({ state }) => state === 'running');
  for (const { number, title, attempt } of open) {
    await catalog.runs.recordStep(run, { number, title, attempt, state: 'failed', error: cutStep });
  }
}
