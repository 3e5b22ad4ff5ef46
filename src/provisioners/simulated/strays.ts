import type { Stray, StrayRequest } from '../provisioner.ts';
import type { Machine, SimulatedJob } from './machine.ts';
import type { SimulatedWorld } from './world.ts';

const where = 'simulated world';

/** Machines that hold something and that no computer names, and jobs that still work for a run which owns nothing. */
export async function simulatedStrays(world: SimulatedWorld, request: StrayRequest): Promise<readonly Stray[]> {
  const machines = [...(await world.machines())];
  const owners = await request.owners();
  const names = new Set(request.everyComputer.map(({ name }) => name));
  return machines.flatMap(([name, machine]) =>
    names.has(name) ? strayJobs(world, name, machine, owners) : strayMachine(name, machine),
  );
}

function strayMachine(name: string, { loaded }: Machine): readonly Stray[] {
  if (loaded === undefined) return [];
  return [
    {
      subject: name,
      where,
      why: 'the machine has disks, and no computer has its name',
      remedy: 'Add it as a node and unload it, or remove it from the world by hand.',
    },
  ];
}

function strayJobs(world: SimulatedWorld, name: string, { jobs }: Machine, owners: readonly string[]): Stray[] {
  return Object.entries(jobs)
    .filter(([, job]) => isWorking(job, world.now()) && !owners.includes(job.owner))
    .map(([id, { owner }]) => ({
      subject: `${name}: ${id}`,
      where,
      why: `the job works for run ${owner}, which owns nothing any more`,
      remedy: 'It ends when its bytes are moved; nobody waits for it.',
    }));
}

function isWorking({ ended, startedAt, bytes, bytesPerSecond }: SimulatedJob, now: number): boolean {
  return !ended && now < startedAt + (bytes / bytesPerSecond) * 1_000;
}
