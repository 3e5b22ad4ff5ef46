import { log } from '@temporalio/activity';
import type { Notice, Notifier } from '../domain/notice.ts';
import { errorChain } from '../domain/errors.ts';

/** Tells operators; a run does not depend on who listens, so that nobody did is only logged. What it is about stands in the catalog. */
export async function tell(notifier: Notifier, notice: Notice): Promise<void> {
  try {
    await notifier.notify(notice);
  } catch (error) {
    log.warn('A notice reached nobody', { event: notice.event, run: notice.run, error: errorChain(error) });
  }
}
