import { must } from './waiting.ts';
import type { Random } from './random.ts';
import type { WorkerProcess } from '../test/support/worker-process.ts';

/** The worker processes of a chaos run; one that ends is followed by another. */
export interface Crew {
  /** A worker that polls and that nobody else has picked. Waits until another one is left: a storm on a slow machine would else only start workers. */
  pick(random: Random): Promise<WorkerProcess>;
  /** It works on. */
  spare(worker: WorkerProcess): void;
  /** It is gone; resolves when another one polls. */
  replace(worker: WorkerProcess): Promise<void>;
  /** The worker of that process; undefined when it is gone. */
  find(pid: number): WorkerProcess | undefined;
  stop(): Promise<void>;
}

/** A worker starts within seconds, but Temporal or PostgreSQL may be away just then. */
const startMs = 180_000;

export async function startCrew(size: number, launch: () => Promise<WorkerProcess>): Promise<Crew> {
  const all = new Set<WorkerProcess>();
  const picked = new Set<WorkerProcess>();
  const state = { stopped: false };
  const hire = async (): Promise<void> => {
    const worker = await must('start a worker', launch, startMs);
    all.add(worker);
    if (state.stopped) await worker.kill();
  };
  await Promise.all(Array.from({ length: size }, hire));
  return {
    pick: async (random) => {
      const free = async (): Promise<readonly WorkerProcess[] | undefined> => {
        const found = [...all].filter((worker) => !picked.has(worker));
        return Promise.resolve(found.length < Math.min(size, 2) ? undefined : found);
      };
      const worker = random.one(await must('find a worker that polls', free, startMs));
      picked.add(worker);
      return worker;
    },
    spare: (worker) => void picked.delete(worker),
    replace: async (worker) => {
      all.delete(worker);
      picked.delete(worker);
      await hire();
    },
    find: (pid) => [...all].find((worker) => worker.pid === pid),
    stop: async () => {
      state.stopped = true;
      await Promise.all([...all].map(async (worker) => await worker.kill()));
    },
  };
}
