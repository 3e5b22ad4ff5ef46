import { z } from 'zod';
import type { Json } from '../../domain/plan.ts';
import type { HistoryEvent, RunHistory } from '../../domain/run-history.ts';
import { failureSchema, readFailure, type HistoryFailure } from './failure.ts';
import { payloadSchema, payloadsSchema, valueOf } from './payload.ts';
import { readRequest, type HistoryRequest } from './requests.ts';

/** What a history tells of a run. Times are ISO 8601, UTC. */
export interface TimeLine {
  readonly workflow: string;
  readonly run?: string;
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled' | 'timed-out' | 'terminated' | 'continued';
  readonly begun: string;
  readonly ended?: string;
  readonly failure?: HistoryFailure;
  readonly steps: readonly HistoryStep[];
  /** What somebody asked of the run while it was under way. */
  readonly requests: readonly HistoryRequest[];
}

/** One activity, or one run that this run started, in the order in which they began. */
export interface HistoryStep {
  /** The event with which it began. */
  readonly eventId: number;
  /** The activity's name, or the id of the run that was started. */
  readonly what: string;
  /** `5.2`, as on the procedure's page; absent for what is no step, such as the record of the outcome. */
  readonly number?: string;
  readonly title: string;
  /** Present when a step was taken back. */
  readonly undo?: true;
  /** `open` until it ended: how far it is, and which attempt is under way, is not in a history. */
  readonly state: 'open' | 'done' | 'failed' | 'timed-out' | 'cancelled';
  /** Absent while it is open. */
  readonly attempts?: number;
  readonly begun: string;
  readonly ended?: string;
  /** From its beginning to its end, all attempts and the waiting between them included. */
  readonly durationMs?: number;
  /** What it answered. */
  readonly evidence?: Json;
  readonly failure?: HistoryFailure;
  /** What the attempt before the last failed with, when it was tried again. */
  readonly lastFailure?: HistoryFailure;
}

const ends: Readonly<Record<string, TimeLine['state']>> = {
  workflowExecutionCompletedEventAttributes: 'completed',
  workflowExecutionFailedEventAttributes: 'failed',
  workflowExecutionCanceledEventAttributes: 'cancelled',
  workflowExecutionTimedOutEventAttributes: 'timed-out',
  workflowExecutionTerminatedEventAttributes: 'terminated',
  workflowExecutionContinuedAsNewEventAttributes: 'continued',
};

const endings: Readonly<Record<string, Exclude<HistoryStep['state'], 'open'>>> = {
  activityTaskCompletedEventAttributes: 'done',
  activityTaskFailedEventAttributes: 'failed',
  activityTaskTimedOutEventAttributes: 'timed-out',
  activityTaskCanceledEventAttributes: 'cancelled',
  childWorkflowExecutionCompletedEventAttributes: 'done',
  childWorkflowExecutionFailedEventAttributes: 'failed',
  childWorkflowExecutionTimedOutEventAttributes: 'timed-out',
  childWorkflowExecutionCanceledEventAttributes: 'cancelled',
  childWorkflowExecutionTerminatedEventAttributes: 'failed',
  startChildWorkflowExecutionFailedEventAttributes: 'failed',
};

/** What is read of the attributes of any event. */
const attributesSchema = z.looseObject({
  scheduledEventId: z.string().optional(),
  initiatedEventId: z.string().optional(),
  attempt: z.number().optional(),
  input: payloadsSchema.optional().catch(undefined),
  result: payloadsSchema.optional().catch(undefined),
  failure: failureSchema.optional().catch(undefined),
  lastFailure: failureSchema.optional().catch(undefined),
  activityType: z.looseObject({ name: z.string() }).optional(),
  workflowId: z.string().optional(),
});
type Attributes = z.output<typeof attributesSchema>;

const metadataSchema = z.looseObject({ summary: payloadSchema.optional() }).catch({});
const stepSchema = z.looseObject({
  step: z.looseObject({ number: z.string(), title: z.string(), undo: z.literal(true).optional() }),
});

/** Reads from a history what was done, when, how often, and with what result. Pure. */
export function readTimeLine({ workflow, run, events }: RunHistory): TimeLine {
  const end = events.findLast((event) => keyIn(event, ends) !== undefined);
  const failure = end && readAttributes(end, keyIn(end, ends))?.failure;
  return {
    workflow,
    ...(run === undefined ? {} : { run }),
    state: ends[(end && keyIn(end, ends)) ?? ''] ?? 'running',
    begun: events[0]?.eventTime ?? '',
    ...(end === undefined ? {} : { ended: end.eventTime }),
    ...(failure === undefined ? {} : { failure: readFailure(failure) }),
    steps: readSteps(events),
    requests: events.flatMap((event) => readRequest(event) ?? []),
  };
}

/** The step to which an event belongs, or the last that had begun before it. */
export function stepAt({ steps }: TimeLine, eventId: number): HistoryStep | undefined {
  return steps.findLast((step) => step.eventId <= eventId);
}

interface Marks {
  readonly starts: ReadonlyMap<string, Attributes>;
  readonly endings: ReadonlyMap<string, HistoryEvent>;
}

function readSteps(events: readonly HistoryEvent[]): readonly HistoryStep[] {
  const starts = new Map<string, Attributes>();
  const ended = new Map<string, HistoryEvent>();
  for (const event of events) {
    const started = readAttributes(event, 'activityTaskStartedEventAttributes');
    if (started?.scheduledEventId !== undefined) starts.set(started.scheduledEventId, started);
    const ending = readAttributes(event, keyIn(event, endings));
    const of = ending?.scheduledEventId ?? ending?.initiatedEventId;
    if (of !== undefined) ended.set(of, event);
  }
  return events.flatMap((event) => readStep(event, { starts, endings: ended }) ?? []);
}

function readStep(event: HistoryEvent, marks: Marks): HistoryStep | undefined {
  const activity = readAttributes(event, 'activityTaskScheduledEventAttributes');
  const child = readAttributes(event, 'startChildWorkflowExecutionInitiatedEventAttributes');
  const what = activity?.activityType?.name ?? child?.workflowId;
  if (what === undefined) return undefined;
  const begun = event.eventTime;
  const named = stepSchema.safeParse(valueOf(activity?.input?.payloads[0])).data?.step;
  const summary = valueOf(metadataSchema.parse(event['userMetadata'] ?? {}).summary);
  return {
    eventId: Number(event.eventId),
    what,
    ...(named === undefined ? {} : { number: named.number }),
    title: named?.title ?? (typeof summary === 'string' ? summary : what),
    ...(named?.undo === undefined ? {} : { undo: true }),
    begun,
    ...endOf(marks.endings.get(event.eventId), begun),
    ...attemptsOf(marks.starts.get(event.eventId)),
  };
}

function endOf(event: HistoryEvent | undefined, begun: string): Pick<HistoryStep, 'state'> & Partial<HistoryStep> {
  const key = event && keyIn(event, endings);
  if (event === undefined || key === undefined) return { state: 'open' };
  const { result, failure } = readAttributes(event, key) ?? {};
  const evidence = valueOf(result?.payloads[0]);
  return {
    state: endings[key] ?? 'done',
    ended: event.eventTime,
    durationMs: Math.max(0, Date.parse(event.eventTime) - Date.parse(begun)),
    ...(evidence === undefined ? {} : { evidence }),
    ...(failure === undefined ? {} : { failure: readFailure(failure) }),
  };
}

function attemptsOf(started: Attributes | undefined): Partial<HistoryStep> {
  if (started === undefined) return {};
  const { attempt = 1, lastFailure } = started;
  return { attempts: attempt, ...(lastFailure === undefined ? {} : { lastFailure: readFailure(lastFailure) }) };
}

function keyIn(event: HistoryEvent, known: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(event).find((key) => key in known);
}

function readAttributes(event: HistoryEvent, key: string | undefined): Attributes | undefined {
  return key === undefined ? undefined : attributesSchema.safeParse(event[key]).data;
}
