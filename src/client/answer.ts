import { WorkflowNotFoundError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ConflictError } from '../domain/errors.ts';
import { parseAnswerRequest, parseWho, type Hold, type HoldAnswer } from '../domain/hold.ts';

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
  const open = await openHold(workflow);
  if (open === undefined) throw new ConflictError(`run ${workflow.workflowId} does not wait for an operator`);
  const request = parseAnswerRequest({ ...given, hold: given.hold ?? open.id });
  await whileOpen(workflow, async () => await workflow.executeUpdate(answer, { args: [request] }));
  return open;
}

export async function pauseRun(workflow: WorkflowHandle, who: Pick<AnswerGiven, 'by' | 'reason'>): Promise<void> {
  await whileOpen(workflow, async () => await workflow.executeUpdate('pause', { args: [parseWho(who)] }));
}

async function whileOpen<T>(workflow: WorkflowHandle, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const run = workflow.workflowId;
    if (cause instanceof WorkflowNotFoundError) throw new ConflictError(`run ${run} is over`, { cause });
    if (!(cause instanceof WorkflowUpdateFailedError)) throw cause;
    throw new ConflictError(`run ${run}: ${cause.cause?.message ?? cause.message}`, { cause });
  }
}
