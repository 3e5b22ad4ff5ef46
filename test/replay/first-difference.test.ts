import { describe, expect, it } from 'vitest';
import { parseHistory } from '../../src/client/history/parse-history.ts';
import { replayHistory, type ReplayVerdict } from '../../src/worker/replay-history.ts';
import { readHistories, type HistoryEvent } from './history-files.ts';

const [histories, controls] = await Promise.all([readHistories('histories'), readHistories('controls')]);

type Events = readonly HistoryEvent[];

function eventsOf(all: typeof histories, name: string): Events {
  return all.find((one) => one.workflow === 'captureImage' && one.name === name)?.history.events ?? [];
}

async function replay(events: Events): Promise<ReplayVerdict> {
  return await replayHistory(parseHistory(JSON.stringify({ events }), 'file'), 'file');
}

/** The event with which the nth activity began, counted from 0, or from the end where it is negative. */
function activityAt(events: Events, index: number): HistoryEvent | undefined {
  return events.filter((event) => event.activityTaskScheduledEventAttributes !== undefined).at(index);
}

describe('a history that the present code would not make', () => {
  it.each([
    ['activity-renamed', 2, 'checkSomethingElse'],
    ['activities-swapped', 1, 'reserveRevision'],
    ['step-missing', 3, 'openStaging'],
    ['undo-missing', -1, 'recordOutcome'],
  ])('is known by the first event that differs: %s', async (how, index, words) => {
    const events = eventsOf(controls, `failed-and-unwound-${how}`);
    const verdict = await replay(events);
    expect(verdict).toEqual({
      verdict: 'differs',
      event: activityAt(events, index),
      message: expect.stringContaining(words),
    });
  });

  it('is known by its last event when only its end is another', async () => {
    const events = eventsOf(histories, 'refused-input');
    const { eventId = '', eventTime } = events.at(-1) as HistoryEvent & { eventId?: string };
    const end = { eventId, eventTime, eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' };
    const workflowExecutionCompletedEventAttributes = { workflowTaskCompletedEventId: String(Number(eventId) - 1) };
    const verdict = await replay([...events.slice(0, -1), { ...end, workflowExecutionCompletedEventAttributes }]);
    expect(verdict).toMatchObject({ verdict: 'differs', event: { eventId } });
  });
});

describe('a history that the present code would make', () => {
  it('is the same, whole or cut at any of its first events, as that of a run that goes on', async () => {
    const events = eventsOf(histories, 'refused-input');
    expect(await replay(events)).toEqual({ verdict: 'same' });
    expect(await replay(events.slice(0, 1))).toEqual({ verdict: 'not begun' });
    for (const count of [2, 4, 5]) expect(await replay(events.slice(0, count))).toEqual({ verdict: 'same' });
  });
});

describe('a history of something else', () => {
  it('is refused with the name of its workflow', async () => {
    const text = JSON.stringify({ events: eventsOf(histories, 'left-off') }).replace('"captureImage"', '"bakeBread"');
    const history = parseHistory(text, 'monday.json');
    await expect(replayHistory(history, 'monday.json')).rejects.toThrow(
      /monday\.json is the history of the workflow bakeBread, which is none of ours: .*captureImage/,
    );
  });
});
