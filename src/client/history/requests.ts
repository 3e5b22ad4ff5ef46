import { z } from 'zod';
import type { HistoryEvent } from '../../domain/run-history.ts';

/** What somebody asked of a run. */
export interface HistoryRequest {
  readonly eventId: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `cancel`, or the name of the update or the signal. */
  readonly what: string;
}

const updateSchema = z.looseObject({
  acceptedRequest: z.looseObject({ input: z.looseObject({ name: z.string() }) }),
});
const signalSchema = z.looseObject({ signalName: z.string() });

/** The request that an event records; undefined when it records none. */
export function readRequest(event: HistoryEvent): HistoryRequest | undefined {
  const what = nameOf(event);
  return what === undefined ? undefined : { eventId: Number(event.eventId), at: event.eventTime, what };
}

function nameOf(event: HistoryEvent): string | undefined {
  if (event['workflowExecutionCancelRequestedEventAttributes'] !== undefined) return 'cancel';
  const update = updateSchema.safeParse(event['workflowExecutionUpdateAcceptedEventAttributes']).data;
  const signal = signalSchema.safeParse(event['workflowExecutionSignaledEventAttributes']).data;
  return update?.acceptedRequest.input.name ?? signal?.signalName;
}
