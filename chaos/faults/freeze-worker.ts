import { setTimeout as sleep } from 'node:timers/promises';
import { resume, suspend } from '../../test/support/worker-process.ts';
import type { Fault } from '../fault.ts';

/** Longer than the heartbeat time-out of workflows/activity-options.ts: another worker has its work when it goes on. */
const frozenMs = { from: 18_000, to: 26_000 } as const;

export const freezeWorker: Fault = {
  kind: 'worker frozen',
  about: 'SIGSTOP of a worker process for longer than its lease, then SIGCONT',
  weight: 2,
  async strike({ crew }, random) {
    const worker = await crew.pick(random);
    const at = Date.now();
    suspend(worker);
    await sleep(random.whole(frozenMs.from, frozenMs.to));
    resume(worker);
    crew.spare(worker);
    return { what: `worker ${String(worker.pid)}`, halted: { at, by: { worker: worker.pid } } };
  },
};
