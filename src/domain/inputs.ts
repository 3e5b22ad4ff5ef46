import { InvalidInputError } from './errors.ts';
import { onFailureValues, type OnFailure } from './hold.ts';
import { parseImageName, parseName, parseRevisionNumber, revisionName, type NumberedRevision } from './names.ts';
import { afterCaptureValues, type AfterCapture } from './run.ts';
import { parsePowerAsked, type PowerAsked } from './power-asked.ts';

/** What every procedure is started with. */
export interface NodeInput {
  readonly node: string;
}

/** Starts freeNode. */
export interface FreeNodeInput extends NodeInput {
  /** Who gives it free. */
  readonly by: string;
  readonly reason: string;
  /** In which state it is then: `available` (default: somebody has looked at it), or `asLeft` by the run that owned it. */
  readonly state?: FreedState;
}

const freedStates = ['available', 'asLeft'] as const;
type FreedState = (typeof freedStates)[number];

/** Starts captureImage. */
export interface CaptureImageInput extends NodeInput {
  readonly image: string;
  /** Why this revision was made; shown wherever the revision is. Default: empty. */
  readonly comment: string;
  /** Who asked for it. */
  readonly author: string;
  /** What becomes of the node once the revision is published. */
  readonly after: AfterCapture;
  /** Needed only when neither the image nor what is loaded on the node says it. */
  readonly operatingSystem?: string;
  /** Whether the power may be cut when the guest does not shut down in time. The image then says that its shutdown was forced. */
  readonly allowForcedOff: boolean;
  /** How long the guest may take to power off, in seconds. */
  readonly shutdownSeconds: number;
  /** Limit of the copy's rate in bytes a second; absent means none. */
  readonly copyRateBytes?: number;
  /** What the run does at a step that fails: it waits there for an operator (default), or takes its steps back. */
  readonly onFailure: OnFailure;
  /** The capture of the same node that is taken up again; absent means that nothing is. */
  readonly resumes?: Resumes;
}

/** A capture that is over, and from where its work is taken up. */
export interface Resumes {
  readonly run: string;
  /** `5.1`: from this step on everything is done again. Default: from the last step that can be proved to be done still. */
  readonly from?: string;
  /** Who asked for it. */
  readonly by?: string;
}

/** Starts loadNode. */
export interface LoadNodeInput extends NodeInput {
  readonly image: string;
  /** Absent means the image's production revision at the time when the run begins. */
  readonly revision?: number;
  /** What the run does at a step that fails: it waits there for an operator (default), or takes its steps back. */
  readonly onFailure: OnFailure;
}

/** Starts powerNode. */
export interface PowerNodeInput extends NodeInput, PowerAsked {}

/** Starts deleteRevision. */
export interface DeleteRevisionInput extends NumberedRevision {
  /** The revision's name, `web-v3`: what others have their node for. */
  readonly node: string;
  /** Who asked for it. */
  readonly by: string;
}

/** 5 minutes: what Apache VCL waits for a shutdown (Provisioning.pm, wait_for_power_off). */
export const defaultShutdownSeconds = 300;

/** Checks the input of freeNode; throws InvalidInputError that names the field. */
export function parseFreeNodeInput(input: Partial<FreeNodeInput>): FreeNodeInput {
  return {
    node: parseName('node', input.node),
    by: parseText('by', input.by ?? 'unknown'),
    reason: parseText('reason', input.reason ?? ''),
    ...(input.state === undefined ? {} : { state: parseFreedState(input.state) }),
  };
}

function parseFreedState(value: unknown): FreedState {
  const state = freedStates.find((known) => known === value);
  if (state !== undefined) return state;
  throw new InvalidInputError(`state: expected ${freedStates.join(', ')}; got ${JSON.stringify(value)}`);
}

/** Checks a capture's input and fills in defaults; throws InvalidInputError that names the field. */
export function parseCaptureImageInput(input: Partial<CaptureImageInput>): CaptureImageInput {
  return {
    node: parseName('node', input.node),
    image: parseImageName(input.image),
    comment: parseText('comment', input.comment ?? ''),
    author: parseText('author', input.author ?? 'unknown'),
    after: parseAfter(input.after ?? 'leaveOff'),
    ...(input.operatingSystem === undefined
      ? {}
      : { operatingSystem: parseName('operatingSystem', input.operatingSystem) }),
    allowForcedOff: parseFlag('allowForcedOff', input.allowForcedOff ?? false),
    shutdownSeconds: parsePositive('shutdownSeconds', input.shutdownSeconds ?? defaultShutdownSeconds),
    ...(input.copyRateBytes === undefined
      ? {}
      : { copyRateBytes: parsePositive('copyRateBytes', input.copyRateBytes) }),
    onFailure: parseOnFailure(input.onFailure),
    ...(input.resumes === undefined ? {} : { resumes: parseResumes(input.resumes) }),
  };
}

/** Checks which run is taken up; throws InvalidInputError that names the field. */
export function parseResumes({ run, from, by }: Partial<Resumes>): Resumes {
  if (typeof run !== 'string' || run === '') {
    throw new InvalidInputError(`resumes.run: expected the id of a run; got ${JSON.stringify(run)}`);
  }
  return {
    run,
    ...(from === undefined ? {} : { from: parseStepNumber(from) }),
    ...(by === undefined ? {} : { by: parseText('by', by) }),
  };
}

function parseStepNumber(value: unknown): string {
  if (typeof value === 'string' && /^\d+(\.\d+)*$/.test(value)) return value;
  throw new InvalidInputError(`from: expected the number of a step, such as 5.1; got ${JSON.stringify(value)}`);
}

/** Checks a load's input; throws InvalidInputError that names the field. */
export function parseLoadNodeInput(input: Partial<LoadNodeInput>): LoadNodeInput {
  return {
    node: parseName('node', input.node),
    image: parseImageName(input.image),
    ...(input.revision === undefined ? {} : { revision: parseRevisionNumber(input.revision) }),
    onFailure: parseOnFailure(input.onFailure),
  };
}

/** Checks the input of a power run; throws InvalidInputError that names the field. */
export function parsePowerNodeInput(input: Partial<PowerNodeInput>): PowerNodeInput {
  return { node: parseName('node', input.node), ...parsePowerAsked(input) };
}

/** Checks the input of a procedure that needs nothing but the node. */
export function parseNodeInput(input: Partial<NodeInput>): NodeInput {
  return { node: parseName('node', input.node) };
}

/** Checks the input of a deletion; throws InvalidInputError that names the field. */
export function parseDeleteRevisionInput(input: Partial<DeleteRevisionInput>): DeleteRevisionInput {
  const [image, revision] = [parseImageName(input.image), parseRevisionNumber(input.revision)];
  const by = parseText('by', input.by ?? 'unknown');
  return { node: revisionName(image, revision), image, revision, by };
}

function parseAfter(value: unknown): AfterCapture {
  const after = afterCaptureValues.find((known) => known === value);
  if (after !== undefined) return after;
  throw new InvalidInputError(`after: expected ${afterCaptureValues.join(', ')}; got ${JSON.stringify(value)}`);
}

function parseOnFailure(value: unknown = 'hold'): OnFailure {
  const onFailure = onFailureValues.find((known) => known === value);
  if (onFailure !== undefined) return onFailure;
  throw new InvalidInputError(`onFailure: expected ${onFailureValues.join(', ')}; got ${JSON.stringify(value)}`);
}

export function parseText(what: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= 500 && !/[\u0000-\u001f]/.test(value)) return value;
  throw new InvalidInputError(`${what}: expected one line of at most 500 characters; got ${JSON.stringify(value)}`);
}

function parsePositive(what: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 1) return Math.round(value);
  throw new InvalidInputError(`${what}: expected a number from 1; got ${JSON.stringify(value)}`);
}

/** A permission is never guessed: whoever writes "no" must not be taken for somebody who agrees. */
function parseFlag(what: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidInputError(`${what}: expected true or false; got ${JSON.stringify(value)}`);
}
