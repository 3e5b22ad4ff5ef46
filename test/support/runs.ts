import { temporal } from '@temporalio/proto';
import { vi } from 'vitest';
import { RunFailedError, type RunHandle } from '../../src/client.ts';
import type { SimulatedJob } from '../../src/provisioners/simulated/machine.ts';
import type { TestImprint } from './imprint.ts';

const { EventType } = temporal.api.enums.v1;

/** Everything that is waited for in these tests comes within this time, also on a busy machine. */
export const patience = { timeout: 90_000, interval: 50 };

/** The error of a run that must not complete. */
export async function failureOf(run: Pick<RunHandle<unknown>, 'id' | 'result'>): Promise<RunFailedError> {
  try {
    await run.result();
  } catch (error) {
    if (error instanceof RunFailedError) return error;
    throw error;
  }
  throw new Error(`run ${run.id} completed, which it should not`);
}

/** Waits until Temporal's server has delivered the request to cancel to the workflow. */
export async function untilCancelWasSeen(imprint: TestImprint, run: string): Promise<void> {
  await vi.waitFor(async () => {
    const events = (await imprint.temporal.workflow.getHandle(run).fetchHistory()).events ?? [];
    const asked = events.findIndex((one) => one.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
    const seen = events.slice(asked).some((one) => one.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
    if (asked < 0 || !seen) throw new Error(`run ${run} has not heard of the cancellation`);
  }, patience);
}

/** Number of events in a run's history. */
export async function historyLength(imprint: TestImprint, run: string): Promise<number> {
  return (await imprint.temporal.workflow.getHandle(run).fetchHistory()).events?.length ?? 0;
}

/** The job of a copy in the simulated world; undefined before it began. */
export async function jobOf(imprint: TestImprint, node: string, id = 'copy-vda'): Promise<SimulatedJob | undefined> {
  const computer = await imprint.catalog.computers.get(node);
  return (await imprint.world.machine(computer)).jobs[id];
}

/** Waits until the copy has moved this share of its bytes; the world moves them, whether a worker lives or not. */
export async function untilCopied(imprint: TestImprint, node: string, share: number): Promise<SimulatedJob> {
  return await vi.waitFor(async () => {
    const job = await jobOf(imprint, node);
    if (job === undefined || job.ended) throw new Error(`no copy of ${node} is under way`);
    const moved = ((imprint.world.now() - job.startedAt) / 1_000) * job.bytesPerSecond;
    if (moved < share * job.bytes) throw new Error(`the copy of ${node} is not that far yet`);
    return job;
  }, patience);
}

/** Actions that had an effect on a node, oldest first. */
export async function actionsOn(imprint: TestImprint, node: string): Promise<readonly string[]> {
  const events = await imprint.world.events();
  return events.filter((event) => event.node === node && event.kind === 'effect').map(({ action }) => action);
}

/** How many times an action had an effect on a node, by the machine's own count: a worker may be killed before it writes an event of it. */
export async function timesOf(imprint: TestImprint, node: string, action: string): Promise<number> {
  const { effects } = await imprint.world.machine(await imprint.catalog.computers.get(node));
  const counts = Object.entries(effects).filter(([key]) => key === action || key.startsWith(`${action} `));
  return counts.reduce((sum, [, times]) => sum + times, 0);
}

/** What must never have happened on a node. */
export async function violationsOn(imprint: TestImprint, node: string): Promise<readonly string[]> {
  const events = await imprint.world.events();
  return events.filter((event) => event.node === node && event.kind === 'violation').map(({ action }) => action);
}
