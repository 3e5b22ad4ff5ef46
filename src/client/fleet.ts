import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { Catalog } from '../catalog/catalog.ts';
import {
  everyNode,
  fleetRun,
  memberRun,
  parseLoadFleetInput,
  type FleetMember,
  type FleetSummary,
  type LoadFleetInput,
} from '../domain/fleet.ts';
import { parseName } from '../domain/names.ts';
import type { RunRecord } from '../domain/run.ts';
import { runAttributes } from '../domain/search-attributes.ts';
import { RunFailedError } from './errors.ts';
import { createRunHandle, type RunHandle } from './run-handle.ts';
import { startWorkflow } from './start.ts';
import { watchFleet, type FleetProgress } from './watch-fleet.ts';

/** What a fleet is asked for; `parallel` may be absent. */
export type FleetRequest = Pick<LoadFleetInput, 'nodes' | 'image'> & Partial<LoadFleetInput>;

/** A load of many nodes, by its id; it need not be running. */
export interface FleetHandle {
  readonly id: string;
  /** The nodes in the order in which they were named, each with the run that loads it; a run exists once its turn has come. */
  readonly members: readonly { readonly node: string; readonly run: RunHandle<unknown> }[];
  /** What came of each node, once the fleet is over; a node that failed is no error, nor is a fleet that was cancelled. */
  result(): Promise<FleetSummary>;
  /** What has not begun does not begin, and the runs under way are asked to stop. Resolves when the request is recorded. */
  cancel(): Promise<void>;
  describe(): Promise<RunRecord>;
  /** All nodes whenever something changed, until the fleet has ended. Leaving the loop stops watching, not the fleet. */
  watch(): AsyncIterable<FleetProgress>;
}

/** Checks the request, records the fleet, and starts it. See `ImprintClient.startLoads`. */
export async function startFleet(
  client: Client,
  catalog: Catalog,
  request: FleetRequest,
  { requestKey }: { readonly requestKey?: string },
): Promise<FleetHandle> {
  const input = parseLoadFleetInput(request);
  await catalog.fleets.admit(input);
  const key = requestKey === undefined ? ulid() : parseName('request key', requestKey);
  const run = await catalog.runs.register({
    id: fleetRun(input.image, key),
    procedure: 'loadFleet',
    node: everyNode,
    input: { ...input, nodes: [...input.nodes] },
    ...(requestKey === undefined ? {} : { requestKey }),
  });
  const summary = `Load ${input.image} onto ${String(input.nodes.length)} nodes`;
  if (run.state === 'running') {
    const attributes = runAttributes({ image: input.image });
    await startWorkflow(client, { id: run.id, procedure: 'loadFleet', input, summary, attributes });
  }
  return createFleetHandle(client, catalog, run);
}

/** `run`: of a fleet, as the catalog keeps it. */
export function createFleetHandle(client: Client, catalog: Catalog, { id, input }: RunRecord): FleetHandle {
  const { nodes, image } = input as unknown as LoadFleetInput;
  const fleet = createRunHandle<FleetSummary>(catalog, client.workflow.getHandle(id));
  const members = nodes.map((node) => {
    const run = createRunHandle<unknown>(catalog, client.workflow.getHandle(memberRun(id, node)));
    return { node, run };
  });
  return {
    id,
    members,
    result: async () => await resultOf(fleet, async () => await summaryOfCancelled(catalog, { id, image, nodes })),
    cancel: async () => await fleet.cancel(),
    describe: async () => await fleet.describe(),
    watch: () => watchFleet(client, catalog, { id, nodes }),
  };
}

async function resultOf(
  fleet: RunHandle<FleetSummary>,
  summaryOfWhatIsThere: () => Promise<FleetSummary>,
): Promise<FleetSummary> {
  try {
    return await fleet.result();
  } catch (error) {
    if (!(error instanceof RunFailedError) || error.reason !== 'Cancelled') throw error;
    return await summaryOfWhatIsThere();
  }
}

/** Temporal keeps no answer of a cancelled workflow; the catalog knows what came of its runs, which are over, too. */
async function summaryOfCancelled(
  catalog: Catalog,
  { id, image, nodes }: { readonly id: string; readonly image: string; readonly nodes: readonly string[] },
): Promise<FleetSummary> {
  const runs = await catalog.fleets.glance(nodes.map((node) => memberRun(id, node)));
  const members = nodes.map((node): FleetMember => {
    const run = runs.find((one) => one.run === memberRun(id, node));
    if (run === undefined)
      return { node, run: memberRun(id, node), state: 'not begun', outcome: 'the fleet was cancelled' };
    const state = run.state === 'completed' ? 'loaded' : run.state === 'cancelled' ? 'cancelled' : 'failed';
    return { node, run: run.run, state, outcome: run.outcome ?? 'nothing was recorded of its end' };
  });
  const loadedRun = await catalog.runs.find(runs[0]?.run ?? '');
  const revision = loadedRun?.input['revision'];
  return { image, revision: typeof revision === 'number' ? revision : 0, members };
}
