import type { Archive } from './archive.ts';
import type { Audits } from './audits.ts';
import type { BmcTurns } from './bmc-turns.ts';
import type { Computer, ComputerState } from '../domain/computer.ts';
import type { Fence } from '../domain/fence.ts';
import type { Manifest, Revision, RevisionCopy } from '../domain/image.ts';
import type { JsonObject } from '../domain/plan.ts';
import type { Procedure, RunRecord, RunState, StepRecord } from '../domain/run.ts';
import type { CopyTransfers } from './copy-transfers.ts';
import type { RevisionDeletion, RevisionLife, RevisionUses } from './published-revisions.ts';
import type { NodeReleases } from './node-releases.ts';
import type { NodeReservations } from './node-reservations.ts';
import type { Drivers } from './drivers.ts';
import type { Fleets } from './fleets.ts';
import type { HoldPower } from './hold-power.ts';
import type { Holds } from './holds.ts';
import type { Slots } from './slots.ts';
import type { TemporalHomes } from './temporal-home.ts';

/** The facts and who owns what, in PostgreSQL. `find…` may return undefined, `get…` throws NotFoundError. */
export interface Catalog {
  readonly managementNodes: ManagementNodes;
  readonly provisioningSystems: ProvisioningSystems;
  readonly drivers: Drivers;
  readonly operatingSystems: OperatingSystems;
  readonly computers: Computers;
  readonly claims: Claims;
  readonly revisions: Revisions;
  readonly revisionLife: RevisionLife;
  readonly revisionUses: RevisionUses;
  readonly revisionDeletion: RevisionDeletion;
  readonly copies: Copies;
  readonly copyTransfers: CopyTransfers;
  readonly setAside: SetAside;
  readonly runs: Runs;
  readonly holds: Holds;
  readonly holdPower: HoldPower;
  readonly archive: Archive;
  readonly nodeReleases: NodeReleases;
  readonly nodeReservations: NodeReservations;
  readonly slots: Slots;
  readonly temporalHomes: TemporalHomes;
  readonly fleets: Fleets;
  readonly audits: Audits;
  readonly bmcTurns: BmcTurns;
  close(): Promise<void>;
}

export interface ManagementNode {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  /** Name and absolute path of its library. */
  readonly libraryRoot: string;
  readonly lastCheckIn?: string;
  /** By the database's clock; absent when it has never checked in. */
  readonly secondsSinceCheckIn?: number;
}

export type NewManagementNode = Pick<ManagementNode, 'name' | 'address' | 'libraryRoot'>;

export interface ManagementNodes {
  /** Makes it, or makes its address and library what is given. */
  register(node: NewManagementNode): Promise<ManagementNode>;
  /** ConflictError when the name is taken. */
  add(node: NewManagementNode): Promise<ManagementNode>;
  get(name: string): Promise<ManagementNode>;
  list(): Promise<readonly ManagementNode[]>;
  checkIn(name: string): Promise<void>;
}

export interface ProvisioningSystems {
  /**
   * Records that `managementNode` can drive `system`. Idempotent. Of several the one with the smallest `priority` (0 to 65535) is taken first; left
   * out it stays as it is, at first 100.
   */
  allow(managementNode: string, system: string, priority?: number): Promise<void>;
  drivenBy(managementNode: string): Promise<readonly string[]>;
  /** All that any computer or management node has named, by name. */
  list(): Promise<readonly ProvisioningSystemRow[]>;
}

export interface ProvisioningSystemRow {
  readonly name: string;
  /** Management nodes that can drive it, the smallest priority first. */
  readonly managementNodes: readonly string[];
  /** Their priorities, in the same order. */
  readonly priorities: readonly number[];
  /** Install types of the operating systems that it may load. */
  readonly installTypes: readonly string[];
}

export interface OperatingSystemRow {
  readonly name: string;
  /** Key in the registry of OS modules; absent when no operating system is involved. */
  readonly module?: string;
  /** How it is installed: `image`, `configuration` … */
  readonly installType: string;
}

export interface OperatingSystems {
  register(os: OperatingSystemRow): Promise<void>;
  /** ConflictError when the name is taken. */
  add(os: OperatingSystemRow): Promise<void>;
  get(name: string): Promise<OperatingSystemRow>;
  list(): Promise<readonly OperatingSystemRow[]>;
  /** Records that `system` can load operating systems of this install type. Idempotent. */
  allowInstallType(system: string, installType: string): Promise<void>;
  /** Whether `system` can load `os`. */
  isLoadable(system: string, os: string): Promise<boolean>;
}

export type NewComputer = Omit<Computer, 'id' | 'state' | 'currentRevisionId'>;

/** What an administrator may change of a computer; what is absent stays. */
export type ComputerChanges = Partial<Omit<NewComputer, 'name'>>;

export interface Computers {
  /** ConflictError when the name is taken. */
  add(computer: NewComputer): Promise<Computer>;
  /**
   * Changes what `change` returns. It gets the computer as it is while nobody else can change it, must be quick, and refuses by throwing.
   * ConflictError while a run owns the computer, unless that waits for an operator and its management node and provisioning system stay.
   *
   * Another provisioning system takes it over only at rest: `available` or in `maintenance`, with no open run and no disk that must be kept. Where
   * the old system `unloads` (default: every system does) nothing may be loaded; otherwise what is on the machine stays, and is recorded as loaded
   * while the new system may load it.
   */
  edit(
    name: string,
    change: (computer: Computer) => ComputerChanges,
    unloads?: (system: string) => boolean,
  ): Promise<Computer>;
  /** Forgets the computer; its runs stay. ConflictError, naming what must be done first, while a run owns it, something is loaded on it, or its disk must be kept. */
  remove(name: string): Promise<void>;
  get(name: string): Promise<Computer>;
  list(): Promise<readonly Computer[]>;
  /** Conditional on ownership: only while `fence.owner` holds the node's claim at `fence.epoch`; ConflictError otherwise. */
  recordLoaded(fence: Fence, revisionId: number | undefined): Promise<void>;
  /** None: they are unknown again, which is not the same as a machine that has none. */
  recordHostKeys(fence: Fence, hostKeys: readonly string[]): Promise<void>;
  /** Moves a node that no run owns from one state to another; ConflictError, naming the owner or the state found. */
  changeState(name: string, from: readonly ComputerState[], to: ComputerState): Promise<void>;
}

export interface Claim {
  readonly node: string;
  readonly owner: string;
  readonly epoch: number;
  readonly since: string;
  /** The node's state when it was claimed. */
  readonly previousState: ComputerState;
  /** Who drives the run: chosen when the node was claimed. */
  readonly managementNode: string;
}

/** Who says that it acts: a run, which execution of it (Temporal's run id; another after a reset), which attempt of which activity. */
export interface Claimant {
  readonly node: string;
  readonly owner: string;
  readonly execution: string;
  /** `<activity id>/<attempt>`; a new one raises the epoch. */
  readonly attempt: string;
}

export interface Claims {
  /**
   * Takes the node for `owner` and moves it to `state`, or leaves it in the state it is in (`unchanged`). Mine already: success. Somebody else's: ConflictError whose message names the
   * owning run. State that forbids it, or a user for whom it is reserved: ConflictError. So does an execution that gave the node back already: its call was only slow.
   * `managementNode` drives the run from now on, unless it was said before who does; default: the computer's own.
   */
  acquire(claimant: Claimant, state: ComputerState | 'unchanged', managementNode?: string): Promise<Fence>;
  /**
   * Proves that `owner` still holds the node and returns a fence; the epoch rises when the claimant's attempt is another than the last.
   * A superseded claimant (an earlier execution or attempt) gets a ConflictError, for good.
   */
  fence(claimant: Claimant): Promise<Fence>;
  /** Gives the node up and leaves it in `state`; `previous` is the state in which it was claimed. Not mine (any more), or superseded: nothing happens to the node. */
  release(claimant: Claimant, state: ComputerState | 'previous'): Promise<void>;
  /**
   * Gives a node from a run that is over to another one, which gets a higher epoch. `from` acts for the run that is over and must be the last that
   * did; ConflictError otherwise. The node is then in state `left`; `previous`: as the run that is over found it.
   */
  transfer(from: Claimant, to: Claimant, left: ComputerState | 'previous'): Promise<Fence>;
  /** `managementNode` drives the run from now on, and the epoch rises: attempts on the former one are refused. ConflictError as of `fence`. */
  move(claimant: Claimant, managementNode: string): Promise<Fence>;
  find(node: string): Promise<Claim | undefined>;
  /** All, by node. */
  list(): Promise<readonly Claim[]>;
}

export interface ImageRow {
  readonly id: number;
  readonly name: string;
  readonly operatingSystem: string;
  readonly productionRevision?: number;
  /** When and by whom it was promoted; absent for the first revision, which became it by itself. */
  readonly promoted?: string;
  readonly promotedBy?: string;
}

export interface ReservationRequest {
  readonly owner: string;
  readonly image: string;
  readonly operatingSystem: string;
  readonly comment: string;
  readonly author: string;
  /** Name of the node that is captured. */
  readonly capturedFrom?: string;
  /** When given, ConflictError unless the owner holds this node at this epoch: a call that arrives after the run has unwound reserves nothing. */
  readonly fence?: Fence;
  /** The revision as which the system was sealed already: it is given the same id and number, unless another has taken that number meanwhile. */
  readonly as?: { readonly id: number; readonly revision: number };
}

export interface Revisions {
  /** All images, by name. */
  listImages(): Promise<readonly ImageRow[]>;
  findImage(name: string): Promise<ImageRow | undefined>;
  /** Newest first. */
  list(image: string): Promise<readonly Revision[]>;
  /**
   * Makes the next revision of the image (and the image when it is new) in state `capturing`, owned by `owner`. The owner's own
   * earlier reservation is returned as it is. While another run reserves a revision of the same image: ConflictError that names it.
   */
  reserve(request: ReservationRequest): Promise<Revision>;
  /** Deletes the owner's revision while it is `capturing`, and its image when that was made for it. Nothing there: success. */
  abandon(owner: string): Promise<void>;
  /** In one transaction: the revision becomes `available` with its manifest and size, its copy is recorded, the first revision of an
   * image becomes production. Published already by the same owner: success. */
  publish(owner: string, revisionId: number, manifest: Manifest, copy: RevisionCopy): Promise<Revision>;
  get(id: number): Promise<Revision>;
  /** The revision that a reference means; without a number the production revision. NotFoundError names what is missing; ConflictError when it is not available. */
  resolve(reference: { image: string; revision?: number }): Promise<Revision>;
  /** The revision that a run reserved. */
  findByOwner(owner: string): Promise<Revision | undefined>;
  /** Records that the revision has been READY on a node; true when that was the first time. */
  recordReady(revisionId: number): Promise<boolean>;
}

export interface Copies {
  find(revisionId: number, library: string): Promise<RevisionCopy | undefined>;
  list(revisionId: number): Promise<readonly RevisionCopy[]>;
  recordVerified(revisionId: number, library: string, verified: NonNullable<RevisionCopy['verified']>): Promise<void>;
}

/** Disks that must not be deleted yet: the source of `revisionId`, until that has been READY once. */
export interface SetAside {
  record(node: string, revisionId: number): Promise<void>;
  /** Whether what is on `node` now is still the only proof of a revision that has not been READY. */
  isKept(node: string): Promise<boolean>;
  /** Nodes whose set-aside disks may go, now that the revision has been READY. */
  releasable(revisionId: number): Promise<readonly string[]>;
  remove(node: string, revisionId: number): Promise<void>;
}

export interface NewRun {
  readonly id: string;
  readonly procedure: Procedure;
  readonly node: string;
  readonly requestKey?: string;
  readonly input: JsonObject;
}

/** What is known of the end of a run that did not record it. */
export interface SettledRun {
  readonly state: Exclude<RunState, 'running'>;
  readonly outcome: string;
  /** ISO 8601, UTC; absent: now. */
  readonly ended?: string;
}

export interface Runs {
  /**
   * Records a run before it is started. The same request key with the same procedure and input returns the earlier run, which is `running` again
   * if it was `lost` before it began; with other input: ConflictError.
   */
  register(run: NewRun): Promise<RunRecord>;
  get(id: string): Promise<RunRecord>;
  find(id: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(filter: { node?: string; state?: RunState; limit: number }): Promise<readonly RunRecord[]>;
  steps(id: string): Promise<readonly StepRecord[]>;
  /** Inserts or updates the step by run and number; keeps the first start. */
  recordStep(id: string, step: Omit<StepRecord, 'startedAt' | 'endedAt'>): Promise<void>;
  /** ConflictError for a run that is over: Temporal has reset it, and what it did may be somebody else's by now. Unknown: success. */
  refuseOver(id: string): Promise<void>;
  /** Idempotent; the first outcome stays. */
  recordOutcome(id: string, state: Exclude<RunState, 'running'>, outcome: string): Promise<void>;
  /**
   * Records what came of a run that could not say so itself, and that its open steps were cut. Only while it is `running`; the first outcome
   * stays. True when this call settled it.
   */
  settle(id: string, end: SettledRun): Promise<boolean>;
}
