import type { HistoryEvent, RecordedHistory } from './history-files.ts';

type Events = readonly HistoryEvent[];

/** How a history is falsified: as if the code that made it had been another. */
const falsifications: Readonly<Record<string, (events: Events) => Events>> = {
  'activity-renamed': (events) => renameNth(events, 2, () => 'checkSomethingElse'),
  'activities-swapped': (events) => {
    const [first = '', second = ''] = [nameOfNth(events, 1), nameOfNth(events, 2)];
    return renameNth(
      renameNth(events, 1, () => second),
      2,
      () => first,
    );
  },
  'step-missing': (events) => withoutActivity(events, 3),
  'undo-missing': (events) => withoutActivity(events, countOf(events) - 2),
};

/** The falsified copies of a history, each of which a replay must refuse. Of the short ones there are none. */
export function controlsOf({ workflow, name, history }: RecordedHistory): readonly RecordedHistory[] {
  const chosen =
    name === 'failed-and-unwound'
      ? Object.keys(falsifications)
      : name === 'loaded' || name === 'left-off'
        ? ['step-missing']
        : [];
  return chosen.flatMap((how) => {
    const events = falsifications[how]?.(history.events);
    return events === undefined ? [] : [{ workflow, name: `${name}-${how}`, history: { events } }];
  });
}

function scheduled(events: Events): Events {
  return events.filter((event) => event.activityTaskScheduledEventAttributes !== undefined);
}

function countOf(events: Events): number {
  return scheduled(events).length;
}

function nameOfNth(events: Events, index: number): string | undefined {
  return scheduled(events)[index]?.activityTaskScheduledEventAttributes?.activityType.name;
}

function renameNth(events: Events, index: number, rename: () => string): Events {
  const changed = scheduled(events)[index];
  return events.map((event) => {
    const attributes = event.activityTaskScheduledEventAttributes;
    if (event !== changed || attributes === undefined) return event;
    return { ...event, activityTaskScheduledEventAttributes: { ...attributes, activityType: { name: rename() } } };
  });
}

/** The history as if the step had never been: its activity and the workflow task that its answer led to are taken out, and ids move up. */
function withoutActivity(events: Events, index: number): Events {
  const start = events.indexOf(scheduled(events)[index] ?? { eventType: '' });
  const next = events.findIndex((event, at) => at > start && event.activityTaskScheduledEventAttributes !== undefined);
  if (start < 0 || next < 0) return events;
  return renumber([...events.slice(0, start), ...events.slice(next).map(oneActivityEarlier)], start, next - start);
}

/** Activities are numbered as they are scheduled. */
function oneActivityEarlier(event: HistoryEvent): HistoryEvent {
  const attributes = event.activityTaskScheduledEventAttributes;
  if (attributes === undefined) return event;
  const activityId = String(Number(attributes.activityId) - 1);
  return { ...event, activityTaskScheduledEventAttributes: { ...attributes, activityId } };
}

/** Every id of an event that comes after the gap becomes smaller by it. */
function renumber(events: Events, start: number, gap: number): Events {
  const idAt = (value: string): string => (Number(value) > start ? String(Number(value) - gap) : value);
  const text = JSON.stringify(events, (key, value: unknown) =>
    /eventId$/i.test(key) && typeof value === 'string' ? idAt(value) : value,
  );
  return JSON.parse(text) as Events;
}
