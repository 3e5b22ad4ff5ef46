import { WorkflowNotFoundError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ConflictError } from '../domain/errors.ts';
import { parseAnswerRequest, parseWho, type Hold, type HoldAnswer } from '../domain/hold.ts';
import { toUpdateFailure } from './update-failure.ts';

/** Who answers, and why. */
export interface AnswerGiven {
  readonly by: string;
  /** A skip needs one. Default: empty. */
  readonly reason?: string;
  /** The hold that is answered. Default: the one that is open. */
  readonly hold?: string;
}

export async function openHold(workflow: WorkflowHandle): Promise<Hold | undefined> {
  return await whileOpen(workflow, async () => (await workflow.query<Hold | null>('hold')) ?? undefined);
}

export async function answerHold(workflow: WorkflowHandle, answer: HoldAnswer, given: AnswerGiven): Promise<Hold> {
  const open = await requireHold(workflow);
  const request = parseAnswerRequest({ ...given, hold: given.hold ?? open.id });
  await whileOpen(workflow, async () => await workflow.executeUpdate(answer, { args: [request] }));
  return open;
}

/** The hold that is open; ConflictError when there is none. */
export async function requireHold(workflow: WorkflowHandle): Promise<Hold> {
  const open = await openHold(workflow);
  if (open !== undefined) return open;
  throw new ConflictError(`run ${workflow.workflowId} does not wait for an operator`);
}

export async function pauseRun(workflow: WorkflowHandle, who: Pick<AnswerGiven, 'by' | 'reason'>): Promise<void> {
  await whileOpen(workflow, async () => await workflow.executeUpdate('pause', { args: [parseWho(who)] }));
}

/** Asks something of a run that is not over; what it refuses becomes an error of ours. */
export async function whileOpen<T>(workflow: WorkflowHandle, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const run = workflow.workflowId;
    if (cause instanceof WorkflowNotFoundError) throw new ConflictError(`run ${run} is over`, { cause });
    throw cause instanceof WorkflowUpdateFailedError ? toUpdateFailure(run, cause) : cause;
  }
}
