import type { Machine, SimulatedJob } from '../../src/provisioners/simulated/machine.ts';
import type { Fault } from '../fault.ts';
import { taken } from '../ledger.ts';
import type { Random } from '../random.ts';
import type { SimulatedStage } from '../simulated-stage.ts';
import { eventually } from '../waiting.ts';

/** A copy that is under way. */
interface Copying {
  readonly node: string;
  readonly job: string;
}

const foundMs = 15_000;

export const killJob: Fault<SimulatedStage> = {
  kind: 'job killed',
  about: 'the process of a copy dies on its host: the copy must begin again',
  weight: 3,
  async strike(stage, random) {
    const copying = await eventually(async () => await findCopy(stage, random), foundMs);
    return { what: copying === undefined ? undefined : await kill(stage, copying) };
  },
};

async function findCopy({ imprint, ledger }: SimulatedStage, random: Random): Promise<Copying | undefined> {
  const nodes = [...new Set(taken(ledger).map(({ node }) => node))].slice(-60);
  for (const node of random.shuffled(nodes)) {
    const { jobs } = await imprint.world.machine(await imprint.catalog.computers.get(node));
    const found = Object.entries(jobs).find(([, job]) => isRunning(job, imprint.world.now()));
    if (found !== undefined) return { node, job: found[0] };
  }
  return undefined;
}

async function kill({ imprint, jobsKilled }: SimulatedStage, { node, job }: Copying): Promise<string | undefined> {
  const seen: { owner?: string } = {};
  await imprint.world.change(await imprint.catalog.computers.get(node), {}, (machine) => {
    const found = machine.jobs[job];
    if (found === undefined || !isRunning(found, imprint.world.now())) return machine;
    seen.owner = found.owner;
    return withJob(machine, job, { ...found, died: true });
  });
  if (seen.owner === undefined) return undefined;
  jobsKilled.push({ node, owner: seen.owner, job });
  return `${job} of ${seen.owner}`;
}

function withJob(machine: Machine, name: string, job: SimulatedJob): Machine {
  return { ...machine, jobs: { ...machine.jobs, [name]: job } };
}

function isRunning({ ended, died, startedAt, bytes, bytesPerSecond }: SimulatedJob, now: number): boolean {
  return !ended && died === undefined && now < startedAt + (1000 * bytes) / bytesPerSecond;
}
