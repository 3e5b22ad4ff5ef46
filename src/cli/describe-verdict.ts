import { stepAt, type TimeLine } from '../client/history/time-line.ts';
import type { ReplayVerdict } from '../worker/replay-history.ts';
import { formatTime } from './amounts.ts';
import { nameOfStep } from './describe-time-line.ts';

/** What came of a replay, for a person. */
export function describeVerdict(verdict: ReplayVerdict, timeLine: TimeLine, events: number): string {
  switch (verdict.verdict) {
    case 'same':
      return `✔ the present code does the same, in all ${String(events)} events`;
    case 'not begun':
      return 'nothing to replay: the history ends before the code of the run began';
    case 'differs': {
      const { eventId, eventType, eventTime } = verdict.event;
      const type = eventType.replace(/^EVENT_TYPE_/, '');
      const step = stepAt(timeLine, Number(eventId));
      return [
        `✖ the present code differs from event ${eventId} on: ${type}, ${formatTime(eventTime)} (UTC)`,
        ...(step === undefined ? [] : [`  step: ${nameOfStep(step)}`]),
        `  ${verdict.message}`,
      ].join('\n');
    }
  }
}
