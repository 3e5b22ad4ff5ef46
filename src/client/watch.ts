import { setTimeout as delay } from 'node:timers/promises';
import { defaultPayloadConverter, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import type { Progress } from '../domain/call-context.ts';
import { NotFoundError } from '../domain/errors.ts';
import { everyNode } from '../domain/fleet.ts';
import type { HoldRecord } from '../domain/hold.ts';
import type { QueuePlace } from '../domain/slot-queue.ts';
import type { RunRecord, StepRecord } from '../domain/run.ts';
import { findArchived } from './archived-run.ts';

/** How often a watched run is looked at. */
const intervalMs = 500;

/** A run at one moment. */
export interface RunProgress {
  readonly run: RunRecord;
  readonly steps: readonly StepRecord[];
  /** What Temporal says of the run, or the archive says that it did: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED …; GONE: neither knows it. */
  readonly status: string;
  /** Present while it waits for an operator. */
  readonly hold?: HoldRecord;
  /** Where it stands while it waits for slots. */
  readonly queue?: QueuePlace & { readonly slots: number };
  /** What is under way now: from the heartbeat of the activity, so it is known also when no workflow worker answers. */
  readonly activity?: {
    readonly attempt: number;
    readonly waitingFor?: string;
    readonly progress?: Progress;
    /** Since when its work has not moved, where that is longer than its worker's limit (ISO 8601). */
    readonly stalledSince?: string;
    /** Present when no worker has taken it up for some seconds. */
    readonly untaken?: Untaken;
  };
}

/** Work that lies there, and the management node that is to do it. Times are ISO 8601. */
export interface Untaken {
  readonly since: string;
  readonly managementNode: string;
  /** When its worker last said in the catalog that it is there. */
  readonly lastCheckIn?: string;
}

/** `PENDING_ACTIVITY_STATE_SCHEDULED` of Temporal's API: in its queue. */
const waitingState = 1;

/** What an activity says with each heartbeat. */
type Told = Partial<Progress> & { readonly stalledSince?: string };

/** Yields whenever something changed, and a last time when the run has ended. */
export async function* watchRun(catalog: Catalog, workflow: WorkflowHandle): AsyncGenerator<RunProgress> {
  let shown = '';
  for (;;) {
    const progress = await lookAt(catalog, workflow);
    const text = JSON.stringify(progress);
    if (text !== shown) yield progress;
    shown = text;
    if (progress.status !== 'RUNNING') return;
    await delay(intervalMs);
  }
}

async function lookAt(catalog: Catalog, workflow: WorkflowHandle): Promise<RunProgress> {
  const id = workflow.workflowId;
  const known: Described = (await lookAtWorkflow(workflow)) ?? {
    status: (await findArchived(catalog, id))?.status ?? 'GONE',
  };
  const { status, activity } = known;
  const [run, steps, waiting, held] = await Promise.all([
    catalog.runs.get(id),
    catalog.runs.steps(id),
    status === 'RUNNING' ? catalog.slots.waiting() : [],
    status === 'RUNNING' ? catalog.holds.find(id) : undefined,
  ]);
  const turn = waiting.find((one) => one.run === id);
  const waits = { ...(turn === undefined ? {} : { queue: turn }), ...(held === undefined ? {} : { hold: held }) };
  if (activity === undefined) return { run, steps, status, ...waits };
  const { scheduled, ...shown } = activity;
  const untaken = scheduled === undefined ? undefined : await whoIsAwaited(catalog, run, scheduled);
  return { run, steps, status, ...waits, activity: { ...shown, ...(untaken === undefined ? {} : { untaken }) } };
}

/** A worker that is there takes work up at once; a busy machine gets a few seconds. */
const untakenAfterMs = 5_000;

async function whoIsAwaited(catalog: Catalog, run: RunRecord, since: Date): Promise<Untaken | undefined> {
  // What is about many nodes waits for any worker.
  if (run.node === everyNode || Date.now() - since.getTime() < untakenAfterMs) return undefined;
  const name = await managementNodeOf(catalog, run);
  if (name === undefined) return undefined;
  const { lastCheckIn } = await catalog.managementNodes.get(name);
  return {
    since: since.toISOString(),
    managementNode: name,
    ...(lastCheckIn === undefined ? {} : { lastCheckIn }),
  };
}

/** undefined for what is no node (any more): a deletion is a run of a revision. */
async function managementNodeOf(catalog: Catalog, { id: run, node }: RunRecord): Promise<string | undefined> {
  try {
    const claim = await catalog.claims.find(node);
    return claim?.owner === run ? claim.managementNode : (await catalog.computers.get(node)).managementNode;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

type Described = Pick<RunProgress, 'status'> & {
  /** `scheduled`: since when it could be taken up; absent once a worker has it. */
  readonly activity?: Omit<NonNullable<RunProgress['activity']>, 'untaken'> & { readonly scheduled?: Date };
};

/** Undefined for a run that Temporal does not know (any more). */
export async function lookAtWorkflow(workflow: WorkflowHandle): Promise<Described | undefined> {
  try {
    const { status, raw } = await workflow.describe();
    const pending = raw.pendingActivities?.[0];
    if (status.name !== 'RUNNING' || !pending) return { status: status.name };
    const details = pending.heartbeatDetails?.payloads?.[0];
    const pulse = details ? defaultPayloadConverter.fromPayload<Told | undefined>(details) : undefined;
    const waitingFor = pending.lastFailure?.message;
    return {
      status: status.name,
      activity: {
        attempt: pending.attempt ?? 1,
        ...(waitingFor ? { waitingFor } : {}),
        ...(pulse?.what === undefined ? {} : { progress: { ...pulse, what: pulse.what } }),
        ...(pulse?.stalledSince === undefined ? {} : { stalledSince: pulse.stalledSince }),
        ...(Number(pending.state) === waitingState && pending.scheduledTime
          ? { scheduled: new Date(Number(pending.scheduledTime.seconds) * 1_000) }
          : {}),
      },
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
