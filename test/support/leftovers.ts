import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runKey } from '../../src/library/paths.ts';
import { systemOf } from '../../src/provisioners/simulated/machine.ts';
import type { TestImprint } from './imprint.ts';

/** What there is of a run besides its record: in the catalog, in the library and in the world. */
export interface Leftovers {
  readonly state: string;
  /** The run that owns the node. */
  readonly owner: string | undefined;
  readonly loaded: number | undefined;
  /** State of each revision of the image, newest first; `no image` when the catalog does not know the image. */
  readonly revisions: readonly string[] | 'no image';
  /** Resources of which the run has a slot, or waits for one. */
  readonly slots: readonly string[];
  /** The run's directories in the library's staging. */
  readonly staging: readonly string[];
  /** The run's jobs in the library and in the world that were not ended. */
  readonly jobs: readonly string[];
  /** Directories of the image's revisions in the library. */
  readonly published: readonly string[];
  readonly power: string;
  /** Who put the present disks on the node: a run, or nobody. */
  readonly disksOf: string;
  /** The user for whom the node is reserved, and the line of its system that says who is let in. */
  readonly reservedFor?: string | undefined;
  readonly letIn?: string | undefined;
}

/** `image`: what the run captures or loads. */
export async function leftoversOf(imprint: TestImprint, run: string, image: string): Promise<Leftovers> {
  const { catalog, library } = imprint;
  const node = run.split('/')[1] ?? '';
  const computer = await catalog.computers.get(node);
  const machine = await imprint.world.machine(computer);
  const known = (await catalog.revisions.findImage(image)) !== undefined;
  const worldJobs = Object.entries(machine.jobs).filter(([, job]) => job.owner === run && !job.ended);
  return {
    state: computer.state,
    owner: (await catalog.claims.find(node))?.owner,
    loaded: computer.currentRevisionId,
    revisions: known ? (await catalog.revisions.list(image)).map(({ state }) => state) : 'no image',
    slots: await slotsOf(imprint, run),
    staging: (await namesIn(join(library, '.staging'))).filter((name) => name === runKey(run)),
    jobs: [...(await namesIn(join(library, '.jobs', runKey(run)))), ...worldJobs.map(([id]) => id)],
    published: (await namesIn(library)).filter((name) => name.startsWith(`${image}-v`)),
    power: machine.power,
    disksOf: machine.loaded?.run ?? (machine.loaded === undefined ? 'none' : 'nobody'),
    reservedFor: (await catalog.nodeReservations.find(node))?.user,
    letIn: systemOf(machine)?.files['/etc/imprint/ssh-access']?.trim(),
  };
}

async function slotsOf({ catalog }: TestImprint, run: string): Promise<readonly string[]> {
  const all = await catalog.slots.list();
  return all
    .filter(({ holders, queue }) => [...holders, ...queue].some((one) => one.run === run))
    .map(({ resource }) => resource);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.lock'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
