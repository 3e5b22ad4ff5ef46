import type { CallContext, Progress } from '../../domain/call-context.ts';
import { CommandFailedError, ConflictError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { counted, type Machine, type SimulatedJob } from './machine.ts';
import { pause, type SimulatedComputer, type SimulatedWorld } from './world.ts';

/** Work that the world does by itself: it goes on while no worker lives, and is attached to again by its id. */
export interface WorldWork {
  readonly computer: SimulatedComputer;
  /** Unique on the machine: the plan step's id. */
  readonly id: string;
  readonly fence: Fence;
  /** For people: `Copy vda`. */
  readonly what: string;
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

const POLL_MS = 200;

/**
 * Starts the work unless an earlier attempt of the same run did, and waits until it is done. ConflictError for a
 * lower epoch, at the end once more: what comes of the work is for the latest attempt. CommandFailedError, retryable, when its process died. An
 * aborted signal detaches.
 */
export async function completeWork(
  world: SimulatedWorld,
  work: WorldWork,
  context: CallContext,
): Promise<'started' | 'attached'> {
  const { before, job } = await ensureJob(world, work);
  for (;;) {
    const left = job.startedAt + (1000 * job.bytes) / job.bytesPerSecond - world.now();
    context.progress(progressOf(work, job, world.now()));
    if (left <= 0) {
      await proveDone(world, work);
      return before;
    }
    await pause(Math.min(POLL_MS, Math.max(1, left)), context.signal);
  }
}

/** Ends the work, if it was begun; an older attempt cannot start it again. */
export async function endWork(
  world: SimulatedWorld,
  work: Pick<WorldWork, 'computer' | 'id' | 'fence'>,
): Promise<void> {
  const { computer, id, fence } = work;
  await world.change(computer, {}, (machine) => {
    const job = machine.jobs[id];
    requireFence(job, work);
    if (job !== undefined && job.owner !== fence.owner) return machine;
    const ended = {
      startedAt: world.now(),
      bytes: 0,
      bytesPerSecond: 1,
      ...job,
      owner: fence.owner,
      epoch: fence.epoch,
    };
    return withJob(machine, id, { ...ended, ended: true });
  });
}

async function ensureJob(
  world: SimulatedWorld,
  work: WorldWork,
): Promise<{ readonly before: 'started' | 'attached'; readonly job: SimulatedJob }> {
  const seen = { running: false };
  const { id, fence, bytes, bytesPerSecond } = work;
  const machine = await world.change(work.computer, {}, (found) => {
    const job = found.jobs[id];
    requireFence(job, work);
    seen.running = job?.owner === fence.owner && !job.ended && job.died === undefined;
    if (job !== undefined && seen.running) return withJob(found, id, { ...job, epoch: fence.epoch });
    const fresh = {
      owner: fence.owner,
      epoch: fence.epoch,
      startedAt: world.now(),
      bytes,
      bytesPerSecond,
      ended: false,
    };
    return counted(withJob(found, id, fresh), id, fence.owner);
  });
  const job = machine.jobs[id];
  if (job === undefined) throw new ConflictError(`${work.what} on ${work.computer.name}: its job is gone`);
  if (seen.running) return { before: 'attached', job };
  await world.record({ node: work.computer.name, action: id, kind: 'effect', owner: fence.owner });
  return { before: 'started', job };
}

async function proveDone(world: SimulatedWorld, work: WorldWork): Promise<void> {
  const job = (await world.machine(work.computer)).jobs[work.id];
  requireFence(job, work);
  if (job?.died === undefined) return;
  throw new CommandFailedError(`${work.what} on ${work.computer.name}: its process was killed before it was done`);
}

/** A job keeps its epoch when it is ended, so that no older attempt starts it again. */
function requireFence(
  job: SimulatedJob | undefined,
  { id, fence, computer }: Pick<WorldWork, 'computer' | 'id' | 'fence'>,
): void {
  if (job?.owner !== fence.owner || fence.epoch >= job.epoch) return;
  throw new ConflictError(`${id} on ${computer.name}: a later attempt of run ${fence.owner} has taken over`, {
    evidence: { owner: job.owner, epoch: job.epoch },
  });
}

function withJob(machine: Machine, id: string, job: SimulatedJob): Machine {
  return { ...machine, jobs: { ...machine.jobs, [id]: job } };
}

function progressOf(work: WorldWork, job: SimulatedJob, now: number): Progress {
  const done = Math.floor(Math.min(job.bytes, Math.max(0, (job.bytesPerSecond * (now - job.startedAt)) / 1000)));
  const fraction = job.bytes === 0 ? 1 : done / job.bytes;
  return { what: work.what, fraction, bytesDone: done, bytesTotal: job.bytes, job: work.id };
}
