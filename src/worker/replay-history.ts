import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, ReplayError, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { InvalidInputError } from '../domain/errors.ts';
import type { HistoryEvent, RunHistory } from '../domain/run-history.ts';
import * as workflows from '../workflows/index.ts';
import { workflowBundle } from './workflow-code.ts';

/** What a replay found. */
export type ReplayVerdict =
  /** The present code does what the history says, up to its last event. */
  | { readonly verdict: 'same' }
  /** The code never ran: the history ends before its first workflow task. */
  | { readonly verdict: 'not begun' }
  | {
      readonly verdict: 'differs';
      /** The first event that the present code would not make. */
      readonly event: HistoryEvent;
      /** The SDK's own words. */
      readonly message: string;
    };

/** The first events of a history are replayed: undefined when the code makes them, otherwise what the SDK says. */
type Replay = (count: number) => Promise<string | undefined>;

/**
 * Carries out the present workflow code over a history, without Temporal and without any activity: only the code's decisions are compared. Nothing is
 * changed anywhere. InvalidInputError when the history is of a workflow that this version does not have, or is none.
 */
export async function replayHistory(history: RunHistory, source: string): Promise<ReplayVerdict> {
  const { workflow, events } = history;
  if (!(workflow in workflows)) {
    const known = Object.keys(workflows).join(', ');
    throw new InvalidInputError(
      `${source} is the history of the workflow ${workflow}, which is none of ours: ${known}`,
    );
  }
  const first = events.findIndex((event) => event['workflowTaskScheduledEventAttributes'] !== undefined) + 1;
  if (first === 0) return { verdict: 'not begun' };
  const replay = await openReplay(history, source);
  const message = await replay(events.length);
  return message === undefined ? { verdict: 'same' } : await findDifference(events, replay, { first, message });
}

interface Known {
  /** With fewer events than these there is nothing to replay; the SDK would wait for ever. */
  readonly first: number;
  /** What the replay of all events said. */
  readonly message: string;
}

/** The SDK names the event in some of its messages only; but the shortest beginning that does not replay ends with it. */
async function findDifference(events: readonly HistoryEvent[], replay: Replay, known: Known): Promise<ReplayVerdict> {
  let [same, differs, message] = [known.first - 1, events.length, known.message];
  while (differs - same > 1) {
    const middle = Math.floor((same + differs) / 2);
    const found = await replay(middle);
    if (found === undefined) same = middle;
    else [differs, message] = [middle, found];
  }
  return { verdict: 'differs', event: events[differs - 1] as HistoryEvent, message };
}

async function openReplay({ workflow, run, events }: RunHistory, source: string): Promise<Replay> {
  const logger = new DefaultLogger('ERROR', () => undefined);
  silence(logger);
  const code = await workflowBundle(logger);
  return async (count) => {
    try {
      await Worker.runReplayHistory(code, { events: events.slice(0, count) }, run ?? `${workflow}/replayed`);
      return undefined;
    } catch (error) {
      if (error instanceof DeterminismViolationError || error instanceof ReplayError) return wordsOf(error);
      throw new InvalidInputError(`${source} cannot be replayed: it is no history as Temporal writes it`, {
        cause: error,
      });
    }
  };
}

/** What the SDK logs of a replay that fails is in the verdict. A process that runs workers has chosen already where they log. */
function silence(logger: DefaultLogger): void {
  const filter = { core: 'ERROR', other: 'ERROR' } as const;
  try {
    Runtime.install({ logger, telemetryOptions: { logging: { filter } }, shutdownSignals: [] });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** The sentence inside the dump of a structure of the SDK's core; all of it where there is none. */
function wordsOf({ message }: Error): string {
  const inner = /failure: Some\(Failure \{ message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return inner === undefined ? message : inner.replaceAll('\\"', '"');
}
