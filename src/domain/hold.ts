import { InvalidInputError } from './errors.ts';
import type { HeldPowerRecord } from './power-asked.ts';

/** What becomes of a run at a step that cannot be carried out: it waits there for an operator, or takes its steps back at once. */
export const onFailureValues = ['hold', 'unwind'] as const;
export type OnFailure = (typeof onFailureValues)[number];

/**
 * Why a run waits for an operator: a step `failed`, or made no progress (`stalled`); undos failed (`stuck`); somebody asked for it (`paused`).
 */
export const holdKinds = ['failed', 'stalled', 'stuck', 'paused'] as const;
export type HoldKind = (typeof holdKinds)[number];

/**
 * What an operator may say to a run that waits. `retry`: the step again, or the undos that failed; `skip`: go on without the step, where it
 * allows that; `abort`: take the run's steps back; `rescue`: the same, and give the machine back to its user; `resume`: go on after a pause.
 */
export const holdAnswers = ['retry', 'skip', 'abort', 'rescue', 'resume'] as const;
export type HoldAnswer = (typeof holdAnswers)[number];

/** An operator may also move a run to another management node; that is an update of its own, because it says where to. */
export const recordedAnswers = [...holdAnswers, 'move'] as const;

/** A run that waits for an operator. */
export interface Hold {
  /** `5.5#1@0199…`: the step, the how-manieth hold of the run, the execution. An answer names it, so that it never answers another one. */
  readonly id: string;
  readonly kind: HoldKind;
  /** `5.5`: the step at which it waits. */
  readonly step: string;
  readonly title: string;
  /** One sentence; of a step that failed what its last attempt said. */
  readonly reason: string;
  /** What may be answered. */
  readonly answers: readonly HoldAnswer[];
}

/** A hold as the catalog keeps it. Times are ISO 8601, UTC. */
export interface HoldRecord extends Hold {
  readonly run: string;
  readonly node: string;
  readonly since: string;
  /** Since when its deadline is over; nothing was taken back or deleted then, and its alarm is repeated. */
  readonly parkedSince?: string;
  readonly answer?: GivenAnswer & { readonly at: string };
  /** What was asked of the node's power meanwhile, the oldest first. */
  readonly power: readonly HeldPowerRecord[];
}

/** Who answered what, and why. */
export interface GivenAnswer {
  readonly answer: (typeof recordedAnswers)[number];
  readonly by: string;
  readonly reason: string;
}

/** What the updates of a run take. */
export interface AnswerRequest {
  /** The hold that is answered. */
  readonly hold: string;
  readonly by: string;
  /** Why; a skip needs one. */
  readonly reason: string;
}

/** The id of the `count`-th hold of a run. */
export function holdId(step: string, count: number, execution: string): string {
  return `${step}#${String(count)}@${execution}`;
}

/** Whether the two are ids of the same hold in two executions of one run. */
export function isSameElsewhere(one: string, other: string): boolean {
  return one !== other && placeOf(one) === placeOf(other);
}

function placeOf(hold: string): string {
  return hold.slice(0, hold.lastIndexOf('@'));
}

/** Checks what an update was given: it may come from Temporal's own UI. Throws InvalidInputError that names the field. */
export function parseAnswerRequest(given: Partial<AnswerRequest> | null | undefined): AnswerRequest {
  return { hold: parseLine('hold', given?.hold), ...parseWho(given) };
}

/** The same of an update that answers no hold. */
export function parseWho(given: Partial<AnswerRequest> | null | undefined): Omit<AnswerRequest, 'hold'> {
  const reason = given?.reason ?? '';
  return { by: parseLine('by', given?.by), reason: reason === '' ? '' : parseLine('reason', reason) };
}

export function parseLine(what: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 500 && !/[\u0000-\u001f]/.test(value)) {
    return value;
  }
  throw new InvalidInputError(
    `${what}: expected one line of 1 to 500 characters; got ${(JSON.stringify(value) as string | undefined) ?? 'nothing'}`,
  );
}
