import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Client, Connection } from '@temporalio/client';
import type { Catalog } from './catalog/catalog.ts';
import { chooseOperatingSystem } from './catalog/choose-operating-system.ts';
import { createCatalog } from './catalog/create-catalog.ts';
import { requireLoadable, requireUsable } from './catalog/require-loadable.ts';
import { audit } from './client/audit.ts';
import { checkSystems } from './client/check-systems.ts';
import { planCapture } from './client/plan-capture.ts';
import { releaseNode, type ReleaseNodeAnswer, type ReleaseNodeRequest } from './client/release-node.ts';
import { replayInput, type ReplayRequest } from './client/replay.ts';
import { startDeletion } from './client/start-deletion.ts';
import { startRun } from './client/start.ts';
import { createFleetHandle, startFleet, type FleetHandle, type FleetRequest } from './client/fleet.ts';
import { createRunHandle, type RunHandle } from './client/run-handle.ts';
import type { CapturePreview } from './domain/capture-preview.ts';
import { InvalidInputError, UnavailableError } from './domain/errors.ts';
import type { AuditInput, AuditReport } from './domain/finding.ts';
import {
  parseCaptureImageInput,
  parseLoadNodeInput,
  parseNodeInput,
  parsePowerNodeInput,
  type CaptureImageInput,
  type DeleteRevisionInput,
  type LoadNodeInput,
  type PowerNodeInput,
} from './domain/inputs.ts';
import {
  parseReclaimNodeInput,
  parseReserveNodeInput,
  type NodeReservation,
  type ReclaimNodeInput,
  type ReserveNodeInput,
} from './domain/node-reservation.ts';
import type { NodeStatus } from './domain/node-status.ts';
import type { SystemsCheck } from './domain/requirement.ts';
import type { PowerReading } from './domain/power.ts';
import type { CaptureImageResult } from './workflows/capture-image.ts';
import type { DeleteRevisionResult } from './workflows/delete-revision.ts';
import type { LoadNodeResult } from './workflows/load-node.ts';

export { RunFailedError } from './client/errors.ts';
export {
  CapacityError,
  CommandFailedError,
  ConflictError,
  DeadlineError,
  errorChain,
  ImprintError,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
  NotReadyError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from './domain/errors.ts';
export type { Catalog, Claim, ImageRow, ManagementNode, NewComputer, OperatingSystemRow } from './catalog/catalog.ts';
export type { AnswerGiven } from './client/answer.ts';
export type { HeldPowerGiven } from './client/held-power.ts';
export type { HeldPowerRecord } from './domain/power-asked.ts';
export type { Hold, HoldAnswer, HoldRecord } from './domain/hold.ts';
export type { MoveRequest } from './domain/move.ts';
export type { ReplayRequest } from './client/replay.ts';
export type { RunHandle } from './client/run-handle.ts';
export type { Requirement, SystemRequirement, SystemsCheck } from './domain/requirement.ts';
export type { ExportedHistory } from './client/history/export-history.ts';
export type { FleetHandle, FleetRequest } from './client/fleet.ts';
export type { FleetNodeProgress, FleetProgress } from './client/watch-fleet.ts';
export type { AuditedFinding, AuditInput, AuditReport, Finding, FindingKind, Mending } from './domain/finding.ts';
export type { FleetMember, FleetSummary } from './domain/fleet.ts';
export type { RunProgress, Untaken } from './client/watch.ts';
export type { Progress } from './domain/call-context.ts';
export type { Computer, ComputerState, Problem } from './domain/computer.ts';
export type { Manifest, Revision, RevisionCopy, RevisionState } from './domain/image.ts';
export type { NodeStatusValue } from './domain/node-status.ts';
export type { PlanStep } from './domain/plan.ts';
export type { PowerAction, PowerValue } from './domain/power.ts';
export type { AfterCapture, Procedure, RunRecord, RunState, StepRecord } from './domain/run.ts';
export type {
  CaptureImageInput,
  CaptureImageResult,
  CapturePreview,
  DeleteRevisionResult,
  LoadNodeInput,
  LoadNodeResult,
  NodeReservation,
  NodeStatus,
  PowerNodeInput,
  PowerReading,
};

/** How to reach the catalog. Temporal's address, namespace and credentials come from its own standard settings (TEMPORAL_ADDRESS …). */
export interface ConnectOptions {
  /** `postgres://user:password@host/database` */
  readonly databaseUrl: string;
}

/** A caller's own name for a request: asked twice, there is one run. */
export interface RequestOptions {
  readonly requestKey?: string;
}

/** What a web application starts captures and loads with. */
export interface ImprintClient {
  /**
   * Starts the capture of a node. Fields that are absent take their defaults (`after`: leaveOff). Before anything is started:
   * InvalidInputError names a malformed field, or an operating system that could not be loaded afterwards, NotFoundError an unknown node,
   * ConflictError the run that owns the node.
   */
  startCapture(input: CaptureRequest, options?: RequestOptions): Promise<RunHandle<CaptureImageResult>>;
  /** What a capture would do, how much space it takes and what stands in its way. Only reads; a worker of the node must run. */
  planCapture(input: CaptureRequest): Promise<CapturePreview>;
  /**
   * Takes a capture up again that is over: a new run that names it, and leaves out what can be proved to be done still. See `ReplayRequest`; before
   * anything is started NotFoundError, InvalidInputError or ConflictError say why that cannot be.
   */
  replay(run: string, request?: ReplayRequest, options?: RequestOptions): Promise<RunHandle<CaptureImageResult>>;
  /** What such a run would do. Only reads; a worker of the node must run. */
  planReplay(run: string, request?: ReplayRequest): Promise<CapturePreview>;
  /**
   * Starts a load. Before anything is started: NotFoundError when the image or the revision does not exist, ConflictError when it is not available,
   * InvalidInputError when the node's provisioning system may not load its operating system.
   */
  startLoad(input: LoadRequest, options?: RequestOptions): Promise<RunHandle<LoadNodeResult>>;
  /**
   * Starts a load of one image onto many nodes; at most `parallel` of them begin at once, and slots limit them further. All nodes get the same
   * revision. Before anything is started: InvalidInputError names all that is malformed or named twice, NotFoundError all nodes that do not
   * exist. A node that is busy or cannot be loaded fails for itself.
   */
  startLoads(input: FleetRequest, options?: RequestOptions): Promise<FleetHandle>;
  /** A fleet that was started before, by its id. NotFoundError; InvalidInputError for a run that is no fleet. */
  fleet(id: string): Promise<FleetHandle>;
  /** Starts a power run: on, off (asks the guest; cuts the power only with `force`), reset. On a node whose run waits: `run(id).power`. */
  power(input: PowerRequest, options?: RequestOptions): Promise<RunHandle<PowerReading>>;
  /** Starts taking whatever is loaded off a node. */
  startUnload(node: string, options?: RequestOptions): Promise<RunHandle<void>>;
  /**
   * Starts handing a node that is READY to a user, who reaches it over SSH from one address or network. The same user again: another address or
   * another end. Until it is taken back, captures, loads and unloads of the node are a ConflictError that says for whom it is reserved.
   */
  startReservation(request: ReservationRequest, options?: RequestOptions): Promise<RunHandle<NodeReservation>>;
  /**
   * Starts taking a node back: the user's sessions are ended, and nobody is let in any more. Of a node that nobody has: nothing. With
   * `machineIsGone`, the reason, nothing is done at the machine; the node is in maintenance then, with nothing known to be loaded.
   */
  startReclaim(request: ReclaimRequest, options?: RequestOptions): Promise<RunHandle<void>>;
  /** Gives a node free that a run has left to be looked at; what a run has left that is over is ended first, by a run. */
  releaseNode(request: ReleaseNodeRequest): Promise<ReleaseNodeAnswer>;
  /** Starts the deletion of a retired revision that nothing uses, in every library. ConflictError names what uses it. */
  startDeletion(request: DeletionRequest, options?: RequestOptions): Promise<RunHandle<DeleteRevisionResult>>;
  /** Starts reading a node's status. */
  startStatus(node: string): Promise<RunHandle<NodeStatus>>;
  /** Reads a node's status, and waits for it. */
  nodeStatus(node: string): Promise<NodeStatus>;
  /** Compares catalog, Temporal, libraries, jobs and provisioning systems; changes something only for the purpose `mend`. */
  audit(input: AuditInput): Promise<AuditReport>;
  /** What the provisioning systems, or one, need on each management node, and what was found there. Changes nothing. */
  checkSystems(system?: string): Promise<SystemsCheck>;
  /** A run that was started before, by its id. */
  run(id: string): RunHandle<unknown>;
  readonly catalog: Catalog;
  close(): Promise<void>;
}

/** A capture as it is asked for: what is absent takes its default. */
export type CaptureRequest = Pick<CaptureImageInput, 'node' | 'image'> & Partial<CaptureImageInput>;
/** A load as it is asked for: what is absent takes its default. */
export type LoadRequest = Pick<LoadNodeInput, 'node' | 'image'> & Partial<LoadNodeInput>;
/** A power run as it is asked for; `force` is false unless given. */
export type PowerRequest = Pick<PowerNodeInput, 'node' | 'action'> & Partial<PowerNodeInput>;
/** A reservation as it is asked for; `by` is `unknown` unless given, and without `until` it has no end. */
export type ReservationRequest = Pick<ReserveNodeInput, 'node' | 'user' | 'from'> & Partial<ReserveNodeInput>;
/** A reclaim as it is asked for; `by` is `unknown` unless given. */
export type ReclaimRequest = Pick<ReclaimNodeInput, 'node'> & Partial<Pick<ReclaimNodeInput, 'by' | 'machineIsGone'>>;
/** A deletion as it is asked for; `by` is `unknown` unless given. */
export type DeletionRequest = Pick<DeleteRevisionInput, 'image' | 'revision'> & Partial<DeleteRevisionInput>;

/** Connects to the catalog and to Temporal; UnavailableError says which of them did not answer. */
export async function connect(options: ConnectOptions): Promise<ImprintClient> {
  const catalog = await createCatalog(options);
  const temporal = await connectTemporal().catch(async (error: unknown) => {
    await catalog.close();
    throw error;
  });
  return createClient(temporal, catalog);
}

/** A client over connections that the caller has opened. */
export function createClient(temporal: Client, catalog: Catalog): ImprintClient {
  return {
    catalog,
    startCapture: async (request, options = {}) => {
      const input = parseCaptureImageInput(request);
      await refuseUnusable(catalog, input);
      return await startCapture(temporal, catalog, input, options);
    },
    replay: async (run, request = {}, options = {}) =>
      await startCapture(temporal, catalog, await replayInput(temporal, catalog, run, request), options),
    planReplay: async (run, request = {}) =>
      await planCapture(temporal, await replayInput(temporal, catalog, run, request)),
    planCapture: async (request) => {
      const input = parseCaptureImageInput(request);
      await refuseUnusable(catalog, input);
      return await planCapture(temporal, input);
    },
    startLoad: async (request, options = {}) => {
      const input = parseLoadNodeInput(request);
      const { operatingSystem } = await catalog.revisions.resolve(input);
      await requireLoadable(catalog, await catalog.computers.get(input.node), operatingSystem);
      const summary = `Load ${input.image} onto ${input.node}`;
      return await startRun(temporal, catalog, {
        procedure: 'loadNode',
        input,
        image: input.image,
        summary,
        ...options,
      });
    },
    startLoads: async (request, options = {}) => await startFleet(temporal, catalog, request, options),
    fleet: async (id) => {
      const run = await catalog.runs.get(id);
      if (run.procedure === 'loadFleet') return createFleetHandle(temporal, catalog, run);
      throw new InvalidInputError(`run ${id} is no load of many nodes`);
    },
    power: async (request, options = {}) => {
      const input = parsePowerNodeInput(request);
      const summary = `Power ${input.action} ${input.node}`;
      return await startRun(temporal, catalog, { procedure: 'powerNode', input, summary, ...options });
    },
    startUnload: async (node, options = {}) => {
      const input = parseNodeInput({ node });
      const summary = `Unload ${node}`;
      return await startRun(temporal, catalog, { procedure: 'unloadNode', input, summary, ...options });
    },
    startReservation: async (request, options = {}) => {
      const input = parseReserveNodeInput(request);
      const summary = `Reserve ${input.node} for ${input.user}`;
      return await startRun(temporal, catalog, { procedure: 'reserveNode', input, summary, ...options });
    },
    startReclaim: async ({ node, by, machineIsGone }, options = {}) => {
      const asked = { ...(by === undefined ? {} : { by }), ...(machineIsGone === undefined ? {} : { machineIsGone }) };
      const input = parseReclaimNodeInput({ node, ...asked });
      const summary = `Reclaim ${node}`;
      return await startRun(temporal, catalog, { procedure: 'reclaimNode', input, summary, ...options });
    },
    releaseNode: async (request) => await releaseNode(temporal, catalog, request),
    startDeletion: async (request, options = {}) => await startDeletion(temporal, catalog, request, options.requestKey),
    startStatus: async (node) => await startStatus(temporal, catalog, node),
    nodeStatus: async (node) => await (await startStatus(temporal, catalog, node)).result(),
    audit: async (input) => await audit(temporal, input),
    checkSystems: async (system) => await checkSystems(temporal, system),
    run: (id) => createRunHandle(catalog, temporal.workflow.getHandle(id)),
    close: async () => {
      await temporal.connection.close();
      await catalog.close();
    },
  };
}

async function startCapture(
  temporal: Client,
  catalog: Catalog,
  input: CaptureImageInput,
  options: RequestOptions,
): Promise<RunHandle<CaptureImageResult>> {
  const { image, node } = input;
  const summary = `Capture ${node} as ${image}`;
  return await startRun(temporal, catalog, { procedure: 'captureImage', input, image, summary, ...options });
}

async function startStatus(temporal: Client, catalog: Catalog, node: string): Promise<RunHandle<NodeStatus>> {
  const input = parseNodeInput({ node });
  return await startRun<NodeStatus>(temporal, catalog, {
    procedure: 'checkNode',
    input,
    summary: `Status of ${node}`,
  });
}

async function connectTemporal(): Promise<Client> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  try {
    const connection = await Connection.connect(connectionOptions);
    return new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
  } catch (cause) {
    throw new UnavailableError(`connect to Temporal at ${connectionOptions.address ?? 'localhost:7233'}`, { cause });
  }
}

/** A capture must know its operating system, and somebody must be able to load it: the run's own steps decide, asking here answers before it starts. */
async function refuseUnusable(catalog: Catalog, input: CaptureImageInput): Promise<void> {
  const computer = await catalog.computers.get(input.node);
  const operatingSystem = await chooseOperatingSystem(catalog, input);
  await requireUsable(catalog, computer, { ...input, operatingSystem });
}
