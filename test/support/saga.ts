import type { ExpectStatic } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import type { RunFailedError } from '../../src/client/errors.ts';
import type { TestImprint } from './imprint.ts';
import { leftoversOf, type Leftovers } from './leftovers.ts';
import { stepsOfOrdinaryRun } from './procedure-pages.ts';
import { failureOf, untilCancelWasSeen } from './runs.ts';
import type { CallPoint, Tampering } from './tampering.ts';

/** A step of a procedure, and the call in it at which the run is cut. */
export interface Cut extends Pick<CallPoint, 'activity' | 'call' | 'when'> {
  readonly step: string;
}

/** A run that was not started yet. */
export interface Prepared {
  readonly node: string;
  readonly image: string;
  start(): Promise<RunHandle<unknown>>;
}

/** What was left of a run that was cut. */
export interface CutRun {
  readonly node: string;
  readonly image: string;
  readonly run: string;
  readonly failure: RunFailedError;
  readonly left: Leftovers;
}

/** Cuts runs at single steps, and looks at what remains. What takes a failed run's steps back is done twice, each time. */
export interface Saga {
  failAt(cut: Cut, prepared: Prepared): Promise<CutRun>;
  /** The call goes on once the workflow has heard of the cancellation, as a call does that was under way. */
  cancelAt(cut: Cut, prepared: Prepared): Promise<CutRun>;
}

export function createSaga(imprint: TestImprint, tampering: Tampering): Saga {
  const outcome = async ({ node, image }: Prepared, run: RunHandle<unknown>): Promise<CutRun> => {
    const failure = await failureOf(run);
    return { node, image, run: run.id, failure, left: await leftoversOf(imprint, run.id, image) };
  };
  return {
    failAt: async (cut, prepared) => {
      tampering.fail({ ...cut, node: prepared.node }, { times: 1 });
      tampering.loseFirstAnswersOfUndos(prepared.node);
      return await outcome(prepared, await prepared.start());
    },
    cancelAt: async (cut, prepared) => {
      const held = tampering.hold({ ...cut, node: prepared.node });
      const run = await prepared.start();
      await Promise.race([held.reached, run.result()]);
      await run.cancel();
      await untilCancelWasSeen(imprint, run.id);
      held.release();
      return await outcome(prepared, run);
    },
  };
}

/** Steps of a procedure's page at which nothing is cut: a step that is new there needs an entry in its suite. `8` stands for 8.1 and 8.5.2 too. */
export async function stepsThatAreNotCut(page: string, cuts: readonly Cut[]): Promise<readonly string[]> {
  const isCut = (number: string): boolean => cuts.some(({ step }) => step === number || step.startsWith(`${number}.`));
  return (await stepsOfOrdinaryRun(page)).filter((number) => !isCut(number));
}

/** The record of a run that is over: no step still runs, all was taken back, and the step that failed says why. */
export async function expectClosed(
  expect: ExpectStatic,
  imprint: TestImprint,
  { run }: CutRun,
  failedAt?: string,
): Promise<void> {
  const record = await imprint.catalog.runs.get(run);
  expect(record.state).toBe(failedAt === undefined ? 'cancelled' : 'failed');
  const steps = await imprint.catalog.runs.steps(run);
  expect(steps.filter(({ state }) => state === 'running' || state === 'undo-failed')).toEqual([]);
  if (failedAt === undefined) return;
  // The control: every undo really was done twice.
  expect(steps.filter(({ state, attempt }) => state === 'undone' && attempt < 2)).toEqual([]);
  expect(record.outcome).toMatch(/refused by the test/);
  expect(steps.find(({ number }) => number === failedAt)?.error).toMatch(/refused by the test/);
}
