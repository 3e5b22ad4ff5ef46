import { readFile } from 'node:fs/promises';
import { parseHistory } from '../client/history/parse-history.ts';
import { readTimeLine, stepAt, type TimeLine } from '../client/history/time-line.ts';
import { InvalidInputError, NotFoundError } from '../domain/errors.ts';
import type { ReplayVerdict } from '../worker/replay-history.ts';
import { describeTimeLine } from './describe-time-line.ts';
import { describeVerdict } from './describe-verdict.ts';
import { exitStatuses } from './exit-status.ts';
import { printResult, type OutputOptions, type Session } from './session.ts';

/** Shows what a history in a file tells, and whether the present code would do the same. Needs neither Temporal nor the catalog. */
export async function replayLocally(session: Session, file: string, options: OutputOptions): Promise<void> {
  const history = parseHistory(await read(file), file);
  // The SDK's worker brings libraries that other commands do without.
  const { replayHistory } = await import('../worker/replay-history.ts');
  const verdict = await replayHistory(history, file);
  const timeLine = readTimeLine(history);
  const events = history.events.length;
  if (verdict.verdict === 'differs') session.status = exitStatuses.differs;
  const document = { ...timeLine, events, replay: documentOf(verdict, timeLine) };
  printResult(
    session,
    options,
    document,
    `${describeTimeLine(timeLine)}\n\n${describeVerdict(verdict, timeLine, events)}`,
  );
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new (isMissing ? NotFoundError : InvalidInputError)(`read the history ${file}`, { cause });
  }
}

function documentOf(verdict: ReplayVerdict, timeLine: TimeLine): object {
  if (verdict.verdict !== 'differs') return verdict;
  const { eventId, eventType, eventTime } = verdict.event;
  const step = stepAt(timeLine, Number(eventId));
  const at = step === undefined ? {} : { step: { number: step.number, title: step.title, what: step.what } };
  return {
    verdict: 'differs',
    event: { eventId: Number(eventId), eventType, eventTime },
    ...at,
    message: verdict.message,
  };
}
