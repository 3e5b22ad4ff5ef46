import { describe, expect, it } from 'vitest';
import { describeTimeLine } from '../../../../src/cli/describe-time-line.ts';
import { parseHistory } from '../../../../src/client/history/parse-history.ts';
import { readTimeLine, stepAt } from '../../../../src/client/history/time-line.ts';
import { readHistories, type HistoryEvent } from '../../../replay/history-files.ts';

const histories = await readHistories('histories');

function eventsOf(workflow: string, name: string): readonly HistoryEvent[] {
  return histories.find((one) => one.workflow === workflow && one.name === name)?.history.events ?? [];
}

const json = (events: readonly object[]): string => JSON.stringify({ events });
const timeLineOf = (events: readonly object[]) => readTimeLine(parseHistory(json(events), 'file'));

describe('the time line of a recorded history', () => {
  const failed = timeLineOf(eventsOf('captureImage', 'failed-and-unwound'));

  it('is of the run, with its end and why', () => {
    expect(failed).toMatchObject({ workflow: 'captureImage', state: 'failed', requests: [] });
    expect(failed.run).toMatch(/^captureImage\/lab-/);
    expect(failed.failure).toEqual({ type: 'ConflictError', message: expect.stringContaining('refused by the test') });
    expect(failed.ended).toBe(eventsOf('captureImage', 'failed-and-unwound').at(-1)?.['eventTime']);
  });

  it('has every step by its number, what it answered or failed with, and what was taken back', () => {
    const told = failed.steps.map(({ number, state, undo }) => [number, state, ...(undo ? ['undo'] : [])].join(' '));
    expect(told.slice(0, 3)).toEqual(['1 done', '2 done', '3 done']);
    expect(told.slice(-6)).toEqual([
      '6.3 failed',
      '5.5 done undo',
      '5 done undo',
      '2 done undo',
      '1 done undo',
      ' done',
    ]);
    const copy = failed.steps.find(({ number }) => number === '5.5');
    expect(copy).toMatchObject({ attempts: 1, what: 'carryOutCaptureStep', evidence: { disk: 'vda' } });
    expect(copy?.durationMs).toBeGreaterThan(0);
    expect(failed.steps.find(({ number }) => number === '6.3')?.failure).toMatchObject({ type: 'ConflictError' });
  });

  it('finds the step of an event, also between two of them', () => {
    const copy = failed.steps.find(({ number }) => number === '5.5');
    expect(stepAt(failed, copy?.eventId ?? 0)).toBe(copy);
    expect(stepAt(failed, (copy?.eventId ?? 0) + 1)).toBe(copy);
    expect(stepAt(failed, 1)).toBeUndefined();
  });

  it('says when somebody asked the run to stop, in its place', () => {
    const cancelled = timeLineOf(eventsOf('loadNode', 'cancelled-while-filling'));
    expect(cancelled).toMatchObject({ state: 'cancelled', requests: [{ what: 'cancel' }] });
    const lines = describeTimeLine(cancelled).split('\n');
    const asked = lines.findIndex((line) => line.includes('cancel was asked for'));
    expect(lines.slice(0, asked).findLast((line) => /^\d/.test(line))).toMatch(/^5\.3 +Fill vda/);
  });

  it('tells of a run that goes on, of what is tried again, and of what an attempt failed with before', () => {
    const events = eventsOf('captureImage', 'left-off');
    expect(timeLineOf(events.slice(0, 19)).steps.at(-1)).toMatchObject({ number: '3', state: 'open' });
    const again = events.slice(0, 20).map((event) => {
      const key = 'activityTaskStartedEventAttributes';
      if (event['eventId'] !== '19') return event;
      const lastFailure = { message: 'could not', applicationFailureInfo: { type: 'UnavailableError' } };
      return { ...event, [key]: { ...(event[key] as object), attempt: 3, lastFailure } };
    });
    const line = timeLineOf(again);
    const lastFailure = { type: 'UnavailableError', message: 'could not' };
    expect(line).toMatchObject({ state: 'running' });
    expect(line.steps.at(-1)).toMatchObject({ state: 'done', attempts: 3, lastFailure });
    expect(describeTimeLine(line)).toContain('the attempt before failed with UnavailableError: could not');
  });

  it('reads what other requests and other runs leave in a history', () => {
    const [start, ...rest] = eventsOf('captureImage', 'left-off').slice(0, 2);
    const at = { eventTime: '2026-01-01T00:00:00Z' };
    const update = { acceptedRequest: { input: { name: 'retry' } } };
    const line = timeLineOf([
      start ?? {},
      ...rest,
      { ...at, eventId: '3', eventType: 'U', workflowExecutionUpdateAcceptedEventAttributes: update },
      { ...at, eventId: '4', eventType: 'S', workflowExecutionSignaledEventAttributes: { signalName: 'look' } },
      {
        ...at,
        eventId: '5',
        eventType: 'C',
        startChildWorkflowExecutionInitiatedEventAttributes: { workflowId: 'loadNode/a/b' },
      },
      {
        ...at,
        eventId: '6',
        eventType: 'F',
        childWorkflowExecutionFailedEventAttributes: { initiatedEventId: '5', failure: { message: 'no' } },
      },
    ]);
    expect(line.requests.map(({ what }) => what)).toEqual(['retry', 'look']);
    expect(line.steps).toMatchObject([{ what: 'loadNode/a/b', state: 'failed', failure: { message: 'no' } }]);
  });
});

describe('a file that is no history', () => {
  const events = eventsOf('captureImage', 'left-off');

  it.each([
    ['nothing', '', /is no JSON/],
    ['a file that was cut off', json(events).slice(0, -100), /is no JSON: .* cut off/],
    ['another document', '{"run":"captureImage/lab-07/monday"}', /expected a JSON object with "events"/],
    ['a list of events', JSON.stringify(events), /expected a JSON object/],
    ['no events', '{"events":[]}', /no history/],
    ['a hole', json([...events.slice(0, 5), ...events.slice(8)]), /at place 6 stands event 9/],
    [
      'an event without attributes',
      json([{ ...(events[0] ?? {}), workflowExecutionStartedEventAttributes: undefined }]),
      /whole/,
    ],
    ['another beginning', json([{ ...(events[1] ?? {}), eventId: '1' }]), /does not begin with its start/],
  ])('is refused by its name: %s', (_what, text, expected) => {
    expect(() => parseHistory(text, 'monday.json')).toThrow(expected);
    expect(() => parseHistory(text, 'monday.json')).toThrow(/^monday\.json /);
  });
});
