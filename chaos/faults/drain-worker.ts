import type { Fault } from '../fault.ts';

export const drainWorker: Fault = {
  kind: 'worker deployed anew',
  about: 'SIGTERM to a worker process, as at a deployment; another one is started when it has drained',
  weight: 1,
  async strike({ crew }, random) {
    const worker = await crew.pick(random);
    await worker.drain();
    await crew.replace(worker);
    return { what: `worker ${String(worker.pid)}` };
  },
};
