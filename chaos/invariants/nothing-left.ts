import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Invariant } from '../invariant.ts';
import { taken } from '../ledger.ts';
import type { SimulatedStage } from '../simulated-stage.ts';
import type { Stage } from '../stage.ts';

/** When every run has ended: no staging directory, job, lock, slot or process of any. */
export const nothingLeft: Invariant<SimulatedStage> = {
  name: 'nothing left behind',
  conclude: async (stage) => [
    ...(await leftInLibrary(stage)),
    ...(await jobsInWorld(stage)),
    ...(await slotsLeft(stage)),
    ...(await processesNaming(stage.imprint.library)).map((line) => `a process: ${line}`),
  ],
};

export async function leftInLibrary(stage: Stage): Promise<readonly string[]> {
  return [...(await staged(stage)), ...(await jobsInLibrary(stage))];
}

async function staged({ imprint }: Stage): Promise<readonly string[]> {
  const entries = await readdir(join(imprint.library, '.staging'), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `a staging directory: ${name}`);
}

async function jobsInLibrary({ imprint }: Stage): Promise<readonly string[]> {
  const runs = await namesIn(join(imprint.library, '.jobs'));
  const jobs = runs.map(async (run) =>
    (await namesIn(join(imprint.library, '.jobs', run))).map((job) => `${run}/${job}`),
  );
  return (await Promise.all(jobs)).flat().map((job) => `a job in the library: ${job}`);
}

/** Lock files stay; no process has them open (see `processes`). */
async function namesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The world's job of a run that completed, or whose complete copy is kept, is done; one that was taken back was ended. */
async function jobsInWorld({ imprint, ledger }: SimulatedStage): Promise<readonly string[]> {
  const left: string[] = [];
  for (const node of new Set(taken(ledger).map((asked) => asked.node))) {
    const { jobs } = await imprint.world.machine(await imprint.catalog.computers.get(node));
    for (const [name, { owner, ended }] of Object.entries(jobs)) {
      const { state, outcome } = (await imprint.catalog.runs.find(owner)) ?? {};
      const isKept = outcome?.includes('the complete copy was not published and is kept in') === true;
      if (ended || isKept) continue;
      if ((state === 'failed' || state === 'cancelled') && !(await isPublished(imprint, owner))) {
        left.push(`${name} of ${owner}, which is ${state}, goes on`);
      }
    }
  }
  return left;
}

/** Beyond the point of no return a run may fail, and what it had done stays. */
async function isPublished({ catalog }: Stage['imprint'], run: string): Promise<boolean> {
  const steps = await catalog.runs.steps(run);
  return steps.some(({ number, state }) => (number === '7.1' || number === '8') && state === 'done');
}

export async function slotsLeft({ imprint }: Stage): Promise<readonly string[]> {
  const all = await imprint.catalog.slots.list();
  return all.flatMap(({ resource, holders, queue }) =>
    [...holders, ...queue].map(({ run }) => `a slot of ${resource}: ${run}`),
  );
}

/** Command lines of the processes that name a path, but this one. */
export async function processesNaming(path: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(path)).map((line) => line.replaceAll('\0', ' ').slice(0, 200));
}
