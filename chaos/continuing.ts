import type { temporal } from '@temporalio/proto';
import type { Halt } from './fault.ts';
import { taken } from './ledger.ts';
import type { Stage } from './stage.ts';

type History = temporal.api.history.v1.IHistory;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What a run was doing just before a fault. */
interface Doing {
  readonly run: string;
  readonly activity: string;
  readonly attempt: number;
  /** `<pid>@<host>` of the worker that had it. */
  readonly worker: string;
}

/** One fault, and what it kept from working. */
export interface Halted {
  readonly kind: string;
  readonly at: number;
  readonly by: Halt;
  readonly doing: readonly Doing[];
}

/** What every open run is doing now; none where Temporal is away. */
export async function whatRunsDo({ imprint, ledger }: Stage): Promise<readonly Doing[]> {
  const doing = taken(ledger)
    .slice(-80)
    .map(async ({ run }) => {
      const { raw } = await imprint.temporal.workflow.getHandle(run).describe();
      return (raw.pendingActivities ?? []).map(({ activityId, attempt, lastWorkerIdentity }) => ({
        run,
        activity: activityId ?? '',
        attempt: attempt ?? 0,
        worker: lastWorkerIdentity ?? '',
      }));
    });
  const settled = await Promise.allSettled(doing);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

/** Seconds from the fault until each run that it halted went on, as Temporal's histories say. Where another fault came between: left out. */
export async function secondsToContinue(stage: Stage, halted: Halted): Promise<readonly number[]> {
  const { by, at, doing } = halted;
  const hit = by === 'everything' ? doing : doing.filter(({ worker }) => worker.startsWith(`${String(by.worker)}@`));
  const times = await Promise.all(
    hit.map(async (one) => {
      const history = await stage.imprint.temporal.workflow.getHandle(one.run).fetchHistory();
      return by === 'everything' ? nextEvent(history, at) : nextAttempt(history, one);
    }),
  );
  return times.filter((time) => time !== undefined && time > at).map((time) => (Number(time) - at) / 1000);
}

function nextEvent({ events }: History, after: number): number | undefined {
  return (events ?? []).map(timeOf).find((time) => time > after);
}

function nextAttempt({ events }: History, { activity, attempt }: Doing): number | undefined {
  const scheduled = (events ?? []).find((one) => one.activityTaskScheduledEventAttributes?.activityId === activity);
  const started = (events ?? []).find(
    (one) =>
      one.activityTaskStartedEventAttributes &&
      Number(one.activityTaskStartedEventAttributes.scheduledEventId) === Number(scheduled?.eventId),
  );
  return started?.activityTaskStartedEventAttributes?.attempt === attempt + 1 ? timeOf(started) : undefined;
}

function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}
