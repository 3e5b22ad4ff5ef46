import { z } from 'zod';
import { InvalidInputError } from '../../domain/errors.ts';
import type { HistoryEvent, RunHistory } from '../../domain/run-history.ts';

const eventSchema = z.looseObject({ eventId: z.string(), eventType: z.string(), eventTime: z.string() });
const historySchema = z.object({ events: z.array(eventSchema).min(1) });

const startedSchema = z.looseObject({
  workflowType: z.object({ name: z.string() }),
  workflowId: z.string().exactOptional(),
});

/** Reads a history from JSON. InvalidInputError says what it is instead; `source` is where it came from, for that message. */
export function parseHistory(json: string, source: string): RunHistory {
  const parsed = historySchema.safeParse(parseJson(json, source));
  if (!parsed.success) {
    const expected = 'expected a JSON object with "events", as `imprint runs export` writes it';
    throw new InvalidInputError(`${source} is no history of a run: ${expected}`, { cause: parsed.error });
  }
  const { events } = parsed.data;
  refuseGaps(events, source);
  const started = startedSchema.safeParse(events[0]?.['workflowExecutionStartedEventAttributes']);
  if (!started.success)
    throw new InvalidInputError(`${source} is no history of a run: it does not begin with its start`);
  const { workflowType, workflowId } = started.data;
  return { workflow: workflowType.name, ...(workflowId === undefined ? {} : { run: workflowId }), events };
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new InvalidInputError(`${source} is no JSON: it is another file, or it was cut off`, { cause });
  }
}

/** A replay of a history with a hole ends in words that only the SDK's authors understand. */
function refuseGaps(events: readonly HistoryEvent[], source: string): void {
  const wrong = events.findIndex(
    (event, index) => event.eventId !== String(index + 1) || attributesOf(event) === undefined,
  );
  if (wrong < 0) return;
  const found = `event ${events[wrong]?.eventId ?? '?'} (${events[wrong]?.eventType ?? '?'})`;
  throw new InvalidInputError(
    `${source} is no whole history: at place ${String(wrong + 1)} stands ${found}; events are numbered from 1 and have attributes`,
  );
}

function attributesOf(event: HistoryEvent): unknown {
  return Object.keys(event).find((key) => key.endsWith('EventAttributes'));
}
