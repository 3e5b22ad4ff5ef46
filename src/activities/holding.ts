import { log } from '@temporalio/activity';
import type { GivenAnswer, Hold } from '../domain/hold.ts';
import type { Notice } from '../domain/notice.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { tell } from './tell.ts';

/** Which run waits, on which node. */
interface Held {
  readonly run: string;
  readonly node: string;
}

/** What a run writes down and says while it waits for an operator. They belong to no step: each is tried until it succeeds. */
export interface HoldingActivities {
  /** Records the hold and tells operators. Answers after how long, in seconds, the run is parked. */
  recordHold(input: Held & { readonly hold: Hold }): Promise<{ readonly deadlineSeconds: number }>;
  /** The hold's deadline is over: records it, and tells operators again. */
  recordParked(input: Held & { readonly hold: Hold }): Promise<void>;
  recordAnswer(input: Held & { readonly hold: Hold; readonly answer: GivenAnswer }): Promise<void>;
}

export function createHoldingActivities({ catalog, notifier, holdSeconds }: ActivityDependencies): HoldingActivities {
  return {
    async recordHold({ hold, ...held }) {
      await catalog.runs.refuseOver(held.run);
      await catalog.holds.open(held, hold);
      log.warn('Run waits for an operator', { ...held, hold: hold.id, kind: hold.kind, reason: hold.reason });
      await tell(notifier, noticeOf('held', held, hold, hold.reason));
      return { deadlineSeconds: holdSeconds };
    },

    async recordParked({ hold, ...held }) {
      await catalog.runs.refuseOver(held.run);
      await catalog.holds.park(held.run, hold.id);
      log.warn('Run still waits for an operator', { ...held, hold: hold.id, reason: hold.reason });
      await tell(notifier, noticeOf('parked', held, hold, `nobody has answered yet: ${hold.reason}`));
    },

    async recordAnswer({ hold, answer, ...held }) {
      await catalog.holds.answer(held, answer);
      log.info('Run was answered', { ...held, hold: hold.id, ...answer });
      await tell(notifier, noticeOf('answered', held, hold, `${answer.answer} by ${answer.by}: ${answer.reason}`));
    },
  };
}

function noticeOf(event: Notice['event'], { run, node }: Held, hold: Hold, message: string): Notice {
  return { event, run, node, message, hold: hold.id, step: hold.step };
}
