import type { Fault } from '../fault.ts';

export const killWorker: Fault = {
  kind: 'worker killed',
  about: 'SIGKILL of a worker process; another one is started at once',
  weight: 6,
  async strike({ crew }, random) {
    const worker = await crew.pick(random);
    const at = Date.now();
    await worker.kill();
    await crew.replace(worker);
    return { what: `worker ${String(worker.pid)}`, halted: { at, by: { worker: worker.pid } } };
  },
};
