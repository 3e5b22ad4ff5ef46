import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import type { Hold, HoldAnswer } from '../domain/hold.ts';
import type { MoveRequest } from '../domain/move.ts';
import type { PowerReading } from '../domain/power.ts';
import type { RunRecord } from '../domain/run.ts';
import { answerHold, openHold, pauseRun, type AnswerGiven } from './answer.ts';
import { archivedResult } from './archived-run.ts';
import { toRunFailure } from './errors.ts';
import { moveRun } from './move.ts';
import { powerHeld, type HeldPowerGiven } from './held-power.ts';
import { exportHistory, type ExportedHistory } from './history/export-history.ts';
import { watchRun, type RunProgress } from './watch.ts';

/** One run, by its id; it need not be running. */
export interface RunHandle<Result> {
  readonly id: string;
  /** What the procedure answers, also long after Temporal has forgotten the run; RunFailedError when it failed or was cancelled. */
  result(): Promise<Result>;
  /** Asks the run to stop: its steps are taken back. Resolves when the request is recorded, not when it has stopped. */
  cancel(): Promise<void>;
  /** What the run waits for an operator with; undefined while it goes on. Asks the run itself, so a worker must run. */
  hold(): Promise<Hold | undefined>;
  /**
   * Answers the hold that is open, or the one that is named: `retry` the step, `skip` it, `abort` or `rescue` the run, `resume` after a pause.
   * ConflictError when the run does not wait, waits at another hold, was answered already, or the answer does not fit.
   */
  answer(answer: HoldAnswer, given: AnswerGiven): Promise<Hold>;
  /**
   * Powers the node of a run that waits on or off, or resets it, and answers what was read afterwards; the run goes on waiting. ConflictError when it
   * does not wait, waits at another hold, was answered already, or where booting would do harm: a captured system before its copy is published, a
   * node on which a load has not put a whole system. DeadlineError when the node did not become so.
   */
  power(given: HeldPowerGiven): Promise<PowerReading>;
  /**
   * Lets the run go on with another management node: by this somebody says that nothing of it works any more on the one that it had. A load begins
   * again with its node's status, a capture with its check; a sealed system is not sealed again. Resolves when the run has taken it up.
   * ConflictError when the former is not away, the other one is, or what the run has made lies with the former; InvalidInputError for one that does
   * not reach the node.
   */
  move(given: MoveRequest): Promise<void>;
  /** Makes the run wait before its next step. ConflictError when it waits already or is over. */
  pause(who: Pick<AnswerGiven, 'by' | 'reason'>): Promise<void>;
  /** The run as the catalog knows it now. */
  describe(): Promise<RunRecord>;
  /** All that Temporal, or the archive after it, has recorded of the run, as its tools and its SDK's replayer read it. */
  history(): Promise<ExportedHistory>;
  /** Progress as it changes, until the run has ended. Leaving the loop stops watching, not the run. */
  watch(): AsyncIterable<RunProgress>;
}

export function createRunHandle<Result>(catalog: Catalog, workflow: WorkflowHandle): RunHandle<Result> {
  const id = workflow.workflowId;
  return {
    id,
    result: async () => {
      try {
        return (await workflow.result()) as Result;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return await archivedResult<Result>(catalog, id, error);
        throw toRunFailure(id, error);
      }
    },
    cancel: async () => {
      await workflow.cancel();
    },
    hold: async () => await openHold(workflow),
    answer: async (answer, given) => await answerHold(workflow, answer, given),
    power: async (given) => await powerHeld(workflow, given),
    move: async (given) => await moveRun(workflow, given),
    pause: async (who) => await pauseRun(workflow, who),
    describe: async () => await catalog.runs.get(id),
    history: async () => await exportHistory(catalog, workflow),
    watch: () => watchRun(catalog, workflow),
  };
}
