import { temporal } from '@temporalio/proto';
import type { RunHandle } from '../../src/client.ts';
import type { TestImprint } from './imprint.ts';

const { EventType } = temporal.api.enums.v1;

/** An execution of a run, and the ends of its workflow tasks: where Temporal's UI offers to reset to. */
export interface ResetPoints {
  readonly execution: string;
  readonly events: readonly number[];
}

export async function resetPoints(imprint: TestImprint, run: RunHandle<unknown>): Promise<ResetPoints> {
  const workflow = imprint.temporal.workflow.getHandle(run.id);
  const { events } = await workflow.fetchHistory();
  const ends = (events ?? []).filter((one) => one.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  return { execution: (await workflow.describe()).runId, events: ends.map(({ eventId }) => Number(eventId)) };
}

/** The points from the one on at which the run was held for the first time. */
export async function pointsSinceHeld(imprint: TestImprint, run: RunHandle<unknown>): Promise<ResetPoints> {
  const { execution, events } = await resetPoints(imprint, run);
  const history = await imprint.temporal.workflow.getHandle(run.id).fetchHistory();
  const held = (history.events ?? []).find(
    (one) => one.activityTaskScheduledEventAttributes?.activityType?.name === 'recordHold',
  );
  return { execution, events: events.slice(events.findLastIndex((event) => event < Number(held?.eventId))) };
}

/** Resets an execution as Temporal's UI does, to the workflow task that ends with the event. Returns the new execution. */
export async function resetTo(
  imprint: TestImprint,
  run: RunHandle<unknown>,
  { execution, event }: { readonly execution: string; readonly event: number },
): Promise<string> {
  const { runId } = await imprint.temporal.workflowService.resetWorkflowExecution({
    namespace: imprint.server.namespace,
    workflowExecution: { workflowId: run.id, runId: execution },
    reason: 'by a test',
    // The server's own type for 64-bit numbers.
    workflowTaskFinishEventId: event as never,
    requestId: `${run.id}/${execution}/${String(event)}`,
  });
  return runId;
}

/** How many updates an execution has taken since it was reset: those before are of its history. */
export async function updatesTakenSinceReset(imprint: TestImprint, run: string, execution: string): Promise<number> {
  const { events } = await imprint.temporal.workflow.getHandle(run, execution).fetchHistory();
  const all = events ?? [];
  const begun = all.findLastIndex((one) => one.workflowTaskFailedEventAttributes?.newRunId === execution);
  const completed = all.slice(begun).flatMap((one) => one.workflowExecutionUpdateCompletedEventAttributes ?? []);
  return completed.filter(({ outcome }) => Boolean(outcome?.success)).length;
}
