import type { CallContext } from '../domain/call-context.ts';
import type { Computer, Problem } from '../domain/computer.ts';
import { UnsupportedError, type ImprintError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { DiskFormat, ImageClass, ImageDisk, Revision, RevisionCopy } from '../domain/image.ts';
import type { NodeObservation, NodeStatus } from '../domain/node-status.ts';
import type { Evidence, PlanStep } from '../domain/plan.ts';
import type { PowerReading } from '../domain/power.ts';
import type { Requirement } from '../domain/requirement.ts';
import type { SettingDescription } from '../domain/setting-description.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { Shell } from '../remote/shell.ts';

/**
 * Drives one provisioning system. It answers a capture or a load with a plan, as data; the workflow carries the plan out step by step.
 * Only `name`, `validate`, `nodeStatus` are required; `need` turns an absent capability into UnsupportedError.
 */
export interface Provisioner {
  readonly name: string;
  /** What is missing or wrong in this computer's settings. Quick; changes nothing. */
  validate(computer: Computer): readonly Problem[];
  /** What may be set of a computer, from the schema that `validate` checks: `describeSettings`. No settings: an empty list. */
  readonly settings?: readonly SettingDescription[];
  /** Whether the node is loaded with what is expected. Reads only. */
  nodeStatus(computer: Computer, expected: Revision | undefined, context: NodeContext): Promise<NodeStatus>;
  /** Set where what a run has begun lies on its management node and cannot go on at another one: such a run is not moved. */
  readonly staysWith?: 'management node';
  /** Where the images that this computer reads and writes lie, when that is not the management node's own library. */
  libraryOf?(computer: Computer): LibraryPlace | undefined;
  /** Name of the machine that carries this computer and others, where one does: loads onto them share its slots. */
  hostOf?(computer: Computer): string | undefined;
  /** The way to the operating system of a computer that is not reached over SSH. */
  guestShell?(computer: Computer): Shell;
  readonly power?: Power;
  /** Whether this computer's power can be read and asked for; absent: that of every computer of the system. Where it cannot, `power` throws UnsupportedError. */
  hasPower?(computer: Computer): boolean;
  readonly capturing?: Capturing;
  readonly loading?: Loading;
  /** Its computers may be handed to users over SSH, where the OS module can let them in; absent: they are not. */
  readonly reserving?: Reserving;
  /** What the system printed on its serial console since its latest start, at most the last MiB; undefined where there is no console. */
  consoleText?(computer: Computer, context: CallContext): Promise<string | undefined>;
  /**
   * Public host keys of the system that the run of this fence has loaded (`ssh-ed25519 AAAA…`), told over a way that is verified. Undefined where this
   * run's load told none: then the console is read. Reads only.
   */
  hostKeys?(computer: Computer, fence: Fence, context: CallContext): Promise<readonly string[] | undefined>;
  /** What lies on the systems of these computers with the names that we give, and belongs to no computer and to no run. Reads only. */
  strays?(request: StrayRequest, context: CallContext): Promise<readonly Stray[]>;
  /**
   * What it needs of the management node and of the hosts of these computers, and what was found: commands, daemons, logins. Reads only, changes
   * nothing that stays, and answers what cannot be reached as a requirement that is not met.
   */
  requirements?(request: RequirementsRequest, context: CallContext): Promise<readonly Requirement[]>;
}

/** Where to look for what a system needs. */
export interface RequirementsRequest {
  /** All that this system drives from the management node that asks, with settings that `validate` finds right; often none yet. */
  readonly computers: readonly Computer[];
  /** The management node's own library; its shell is the way to the management node itself. */
  readonly library: LibraryPlace;
  /** Opens SSH to a computer with a verified host key; never throws for one that does not answer. */
  observe(computer: Computer): Promise<{ readonly ssh: boolean; readonly reason: string }>;
}

/** Where to look for strays, and who may own what is found. */
export interface StrayRequest {
  /** Of one management node: their hosts are looked at. */
  readonly computers: readonly Computer[];
  /** All that this system drives, of every management node. */
  readonly everyComputer: readonly Computer[];
  /** Runs that may still own something. Asked for after looking, so that it has the run that made what was seen. */
  owners(): Promise<readonly string[]>;
  /** Whether what a load has set aside on the node must still be kept. */
  isKept(node: string): Promise<boolean>;
}

/** Something that only a person can say about what it is; see `Finding` for the sentences. */
export interface Stray {
  /** A domain, a path, a machine. */
  readonly subject: string;
  /** `host kvm-2` */
  readonly where: string;
  readonly why: string;
  readonly remedy: string;
}

/** What a provisioner may ask of the node itself, which the OS module answers, and of the library. */
export interface NodeContext extends CallContext {
  /** Opens SSH with a verified host key and reads currentimage.txt; never throws for an unreachable node. */
  observe(): Promise<NodeObservation & { readonly reason: string }>;
  /**
   * A file of a revision's copy in this computer's library, for what can only be told by comparing with it: a configuration, never a disk. Undefined when
   * the library has no copy; IntegrityError when it is not what was published.
   */
  readImageFile(revision: Revision, disk: ImageDisk): Promise<Uint8Array | undefined>;
  /** The words of what a controller said when it could not be read. Throws it where a run waits for the node and asking again would only be refused again. */
  wordsOf(error: ImprintError): string;
}

/** Each is idempotent: asking for the state it is in already is success. The answer of an action is never a reading. */
export interface Power {
  read(computer: Computer, context: CallContext): Promise<PowerReading>;
  on(computer: Computer, context: CallContext): Promise<void>;
  /** Asks the guest to power off and returns once that was accepted; it does not wait for off. */
  askOff(computer: Computer, context: CallContext): Promise<void>;
  /** Cuts the power. */
  forceOff(computer: Computer, context: CallContext): Promise<void>;
  reset(computer: Computer, context: CallContext): Promise<void>;
}

/** All that the steps of one capture need; built anew for each activity from the catalog. */
export interface CaptureRequest {
  readonly computer: Computer;
  readonly revision: Revision;
  readonly fence: Fence;
  readonly library: LibraryPlace;
  /** Absolute path of this run's staging directory on the library's host; made by the first step that needs it. */
  readonly staging: string;
  /** Whether an operator allowed to cut the power when the guest does not shut down in time; the image then says so. */
  readonly allowForcedOff: boolean;
  /** How long the guest may take to power off. */
  readonly shutdownSeconds: number;
  /** Bytes per second that the copy may take from the source; absent means no limit. */
  readonly copyRateBytes?: number;
}

export interface Capturing {
  /** What a capture of this computer makes; absent means `sealed`. Only of that class a clean shutdown and a seal are proved. */
  classOf?(computer: Computer): ImageClass;
  /** All classes that its captures can have; absent means `sealed` alone. */
  readonly classes?: readonly ImageClass[];
  /** What stands in the way: names each thing. Reads only (settings, source disks, the library as the host sees it). */
  check(request: CaptureRequest, context: CallContext): Promise<CaptureCheck>;
  plan(request: CaptureRequest, context: CallContext): Promise<readonly PlanStep[]>;
  /** One function for each kind of step that it alone can do. */
  readonly steps: Readonly<Record<string, StepImplementation<CaptureRequest>>>;
  /**
   * Whether the machine is still off as an earlier run `noted` in the evidence of the step that saw it off, and its disks are what they were: then
   * that run's sealed system is copied without being sealed again, and the plan begins with the step `proveOff`. IntegrityError says what differs.
   * Reads only. Absent where it cannot be told: then a capture that is taken up prepares and seals the system again.
   */
  proveOff?(request: CaptureRequest, noted: Evidence, context: CallContext): Promise<void>;
  /** What lies in the staging directory once the plan was carried out, as data that its steps wrote there. */
  staged(request: CaptureRequest, context: CallContext): Promise<StagedImage>;
}

export interface CaptureCheck {
  readonly problems: readonly Problem[];
  /** The most that the copy can take in the library. */
  readonly bytesNeeded: number;
}

export interface StagedImage {
  readonly disks: readonly {
    readonly name: string;
    readonly file: string;
    readonly format: DiskFormat;
    readonly virtualSizeBytes: number;
  }[];
  /** The system's own definition of the machine, without its identity. */
  readonly definition?: string;
  readonly offReason?: string;
  readonly offSince?: string;
  readonly forced: boolean;
}

/** An action and its undo: both succeed when run twice, after half a run, or when nothing had happened. */
export interface StepImplementation<Request> {
  act(request: Request, step: PlanStep, context: CallContext): Promise<Evidence>;
  /** Present exactly when the plan's step has an undo with a title. */
  undo?(request: Request, step: PlanStep, context: CallContext): Promise<Evidence>;
}

/** All that the steps of one load need. */
export interface LoadRequest {
  readonly computer: Computer;
  readonly revision: Revision;
  readonly copy: RevisionCopy;
  readonly fence: Fence;
  readonly library: LibraryPlace;
  /** Disks that hold the only copy of what a capture sealed: they are set aside under the same name, not deleted. */
  readonly keepOutgoing: boolean;
  /** Present exactly when they are to be kept: for systems that cannot set a disk aside, and have to refuse. */
  readonly keptBecause?: KeptBecause;
}

/** `left in maintenance`: what a failed run has left may be the only copy of somebody's work. */
export type KeptBecause = 'left in maintenance' | 'source of an unproven revision';

export interface Loading {
  check(request: LoadRequest, context: CallContext): Promise<readonly Problem[]>;
  plan(request: LoadRequest, context: CallContext): Promise<readonly PlanStep[]>;
  readonly steps: Readonly<Record<string, StepImplementation<LoadRequest>>>;
  /** Takes whatever is loaded off the node. Of nothing: success. */
  unload(computer: Computer, fence: Fence, context: CallContext): Promise<Evidence>;
  /** Deletes what a load had set aside, once the revision captured from it has been READY. Of nothing: success. */
  discardSetAside?(computer: Computer, fence: Fence, context: CallContext): Promise<Evidence>;
}

/** How users reach the computers that are handed to them. */
export interface Reserving {
  /** Port of the SSH server that users log in to; it may be the one over which the management node works. */
  sshPort(computer: Computer): number;
}

/** The power of one computer, to be looked at where there is one; undefined where it has none. */
export function powerOf(provisioner: Provisioner, computer: Computer): Power | undefined {
  return (provisioner.hasPower?.(computer) ?? true) ? provisioner.power : undefined;
}

type Capability = 'power' | 'capturing' | 'loading' | 'reserving';

/**
 * Returns the capability or throws UnsupportedError: the only place that tests for absence. `found` says what was seen of the node that
 * makes the capability necessary.
 */
export function need<Name extends Capability>(
  provisioner: Provisioner,
  name: Name,
  found?: string,
): NonNullable<Provisioner[Name]> {
  const capability = provisioner[name];
  if (capability !== undefined) return capability;
  const because = found === undefined ? '' : `: ${found}`;
  throw new UnsupportedError(`the provisioning system ${provisioner.name} has no ${name}${because}`);
}
