import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import type { RunGlance } from '../catalog/fleets.ts';
import type { Progress } from '../domain/call-context.ts';
import { memberRun } from '../domain/fleet.ts';
import type { RunRecord, RunState } from '../domain/run.ts';
import type { QueuePlace } from '../domain/slot-queue.ts';
import { findArchived } from './archived-run.ts';
import { lookAtWorkflow } from './watch.ts';

/** How often a watched fleet is looked at. */
const intervalMs = 1_000;

/** Of so many nodes at most the progress of the step is asked for at each look: each is a question to Temporal. */
const askedAtOnce = 20;

/** A node of a fleet at one moment. */
export interface FleetNodeProgress extends Omit<RunGlance, 'state' | 'created'> {
  readonly node: string;
  readonly state: RunState | 'not begun';
  readonly created?: string;
  /** Where its load stands while it waits for slots. */
  readonly queue?: QueuePlace & { readonly slots: number };
  /** How far its present step is, where the step says so. */
  readonly progress?: Progress;
}

/** A fleet at one moment. */
export interface FleetProgress {
  readonly run: RunRecord;
  /** What Temporal says of the fleet's own run. */
  readonly status: string;
  readonly nodes: readonly FleetNodeProgress[];
}

/** Which fleet. */
interface FleetNames {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** Yields whenever something changed, and a last time when the fleet has ended. */
export async function* watchFleet(client: Client, catalog: Catalog, fleet: FleetNames): AsyncGenerator<FleetProgress> {
  let shown = '';
  for (;;) {
    const progress = await lookAtFleet(client, catalog, fleet);
    const text = JSON.stringify(progress);
    if (text !== shown) yield progress;
    shown = text;
    if (progress.status !== 'RUNNING') return;
    await delay(intervalMs);
  }
}

async function lookAtFleet(client: Client, catalog: Catalog, { id, nodes }: FleetNames): Promise<FleetProgress> {
  const seenByTemporal = await lookAtWorkflow(client.workflow.getHandle(id));
  const status = seenByTemporal?.status ?? (await findArchived(catalog, id))?.status ?? 'GONE';
  const [run, runs, waiting] = await Promise.all([
    catalog.runs.get(id),
    catalog.fleets.glance(nodes.map((node) => memberRun(id, node))),
    status === 'RUNNING' ? catalog.slots.waiting() : [],
  ]);
  const seen = nodes.map((node): FleetNodeProgress => {
    const glance = runs.find((one) => one.run === memberRun(id, node));
    const queue = waiting.find((one) => one.run === memberRun(id, node));
    return { node, run: memberRun(id, node), state: 'not begun', ...glance, ...(queue === undefined ? {} : { queue }) };
  });
  return { run, status, nodes: status === 'RUNNING' ? await withProgress(client, seen) : seen };
}

async function withProgress(
  client: Client,
  nodes: readonly FleetNodeProgress[],
): Promise<readonly FleetNodeProgress[]> {
  const working = nodes.filter(
    ({ state, step, queue }) => state === 'running' && step !== undefined && queue === undefined,
  );
  const asked = working.slice(0, askedAtOnce).map(async ({ node, run }) => {
    const seen = await lookAtWorkflow(client.workflow.getHandle(run));
    return [node, seen?.activity?.progress] as const;
  });
  const found = new Map(await Promise.all(asked));
  return nodes.map((node) => {
    const progress = found.get(node.node);
    return progress === undefined ? node : { ...node, progress };
  });
}
