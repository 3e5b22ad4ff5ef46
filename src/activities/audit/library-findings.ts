import type { Finding, Mending } from '../../domain/finding.ts';
import { revisionOfTransfer } from '../../domain/copy-transfer.ts';
import { nameOfRevision } from '../../domain/image.ts';
import { exists, listImages, listJobs, listStaging, type RunDirectory } from '../../library/inventory.ts';
import { libraryPaths } from '../../library/paths.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import { callContext } from '../call.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { isCarryingOut, lackingOf } from './lacking-findings.ts';
import { importOwner } from './revision-findings.ts';
import { usersOfTransfer } from './users-of-transfer.ts';
import { describeStanding, leftOf, type Left, type Standings } from './standing.ts';

/** One library, looked at from its management node. */
export interface LibraryLook {
  readonly deps: ActivityDependencies;
  readonly place: LibraryPlace;
  readonly managementNode: string;
  readonly standings: Standings;
}

/** Staging directories and jobs of runs that are not live. */
export async function findLeftDirectories(look: LibraryLook): Promise<readonly Finding[]> {
  const { deps, place } = look;
  const staging = await leftIn(look, async () => await listStaging(place, callContext()));
  const jobs = await leftIn(look, async () => await listJobs(place, callContext()));
  const findings = staging.map((left) => stagingFinding(look, left));
  for (const left of jobs) {
    const { phase } = await deps.jobs.read(place.shell, left.thing.path, callContext());
    if (phase !== 'absent') findings.push(jobFinding(look, left, phase === 'running'));
  }
  return [...findings, ...(await findNameless(look))];
}

type OwnedDirectory = RunDirectory & { readonly owner: string };

async function leftIn(look: LibraryLook, list: () => Promise<readonly RunDirectory[]>) {
  return await leftOf(look.standings, {
    list: async () => await withRuns(look, (await list()).filter(hasOwner)),
    ownerOf: ({ run }) => run,
    keyOf: ({ path }) => path,
  });
}

/** What is brought from another library belongs to the run that brings it, and to those that wait for it: while there are any it is not left. */
async function withRuns(
  look: LibraryLook,
  directories: readonly OwnedDirectory[],
): Promise<readonly (OwnedDirectory & { readonly run: string })[]> {
  return await Promise.all(directories.map(async (one) => ({ ...one, run: await runOf(look, one.owner) })));
}

async function runOf({ deps, standings }: LibraryLook, owner: string): Promise<string> {
  if (revisionOfTransfer(owner) === undefined) return owner;
  const users = await usersOfTransfer(deps.catalog, owner);
  for (const run of users) if ((await standings(run)) === 'live') return run;
  return users[0] ?? owner;
}

/** An import is no run, and is taken up again by its own command; its reservation says that it was cut. */
function hasOwner(directory: RunDirectory): directory is OwnedDirectory {
  return directory.owner !== undefined && !importOwner.test(directory.owner);
}

function clearing({ place, managementNode }: LibraryLook, run: string): Mending {
  return { by: 'clear-library', run, library: place.name, managementNode };
}

function stagingFinding(look: LibraryLook, { thing: { path, owner }, standing }: Left<OwnedDirectory>): Finding {
  return {
    kind: 'staging',
    subject: path,
    where: `library ${look.place.name}`,
    why: `it is the staging directory of ${describeStanding(owner, standing)}`,
    remedy:
      'Its jobs are ended and proved dead; then a copy that is known to be incomplete is removed, and anything else is moved to .kept in the library.',
    mending: clearing(look, owner),
  };
}

function jobFinding(
  look: LibraryLook,
  { thing: { path, owner }, standing }: Left<OwnedDirectory>,
  works: boolean,
): Finding {
  return {
    kind: 'job',
    subject: path,
    where: `library ${look.place.name}`,
    why: `the job ${works ? 'still works' : 'was left there'} for ${describeStanding(owner, standing)}`,
    remedy: 'It is ended and proved dead, and its directory is removed.',
    mending: clearing(look, owner),
  };
}

async function findNameless({ place }: LibraryLook): Promise<readonly Finding[]> {
  const all = [...(await listStaging(place, callContext())), ...(await listJobs(place, callContext()))];
  return all
    .filter(({ owner }) => owner === undefined)
    .map(({ path }) => ({
      kind: 'staging',
      subject: path,
      where: `library ${place.name}`,
      why: 'nothing says which run it belongs to',
      remedy: 'Look at it; if no run works with it, remove it by hand.',
    }));
}

/** Live captures whose staging directory is gone. */
export async function findLackingStaging({ deps, place, standings }: LibraryLook): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { id, procedure, node } of await deps.catalog.runs.list({ state: 'running', limit: 100_000 })) {
    if (procedure !== 'captureImage' || !(await isOpened(deps, id)) || !(await readsFrom(deps, node, place))) continue;
    const path = libraryPaths(place).staging(id);
    if (await exists(place, path, callContext())) continue;
    // Published, or given up, since the list was made.
    if (!(await isOpened(deps, id)) || (await standings(id)) !== 'live') continue;
    findings.push(lackingOf(id, `library ${place.name}`, `its staging directory ${path} is gone`));
  }
  return findings;
}

async function isOpened({ catalog }: ActivityDependencies, run: string): Promise<boolean> {
  const steps = await catalog.runs.steps(run);
  return isCarryingOut(steps) && steps.some(({ number, state }) => number === '5' && state === 'done');
}

async function readsFrom(deps: ActivityDependencies, node: string, place: LibraryPlace): Promise<boolean> {
  const computer = await deps.catalog.computers.get(node);
  const drives = (await deps.catalog.claims.find(node))?.managementNode ?? computer.managementNode;
  if (drives !== deps.library.name) return false;
  const own = deps.provisioner(computer.provisioningSystem).libraryOf?.(computer);
  return (own ?? deps.library).name === place.name;
}

/** Directories of images that no revision of the catalog names. Nothing automatic touches them. */
export async function findUnknownImages({ deps, place }: LibraryLook): Promise<readonly Finding[]> {
  const directories = await listImages(place, callContext());
  const known = new Set<string>();
  for (const { name } of await deps.catalog.revisions.listImages()) {
    const revisions = await deps.catalog.revisions.list(name);
    for (const revision of revisions.filter(({ state }) => state !== 'deleted')) known.add(nameOfRevision(revision));
  }
  return directories
    .filter((name) => !known.has(name))
    .map((name) => ({
      kind: 'image',
      subject: `${libraryPaths(place).root}/${name}`,
      where: `library ${place.name}`,
      why: 'the catalog has no such revision',
      remedy: 'If it is wanted, import its disks (imprint images import); otherwise remove it by hand.',
    }));
}
