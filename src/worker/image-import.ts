import type { Catalog } from '../catalog/catalog.ts';
import type { WorkerConfig } from '../config.ts';
import type { CallContext } from '../domain/call-context.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { Revision } from '../domain/image.ts';
import { parseImageName } from '../domain/names.ts';
import { importImage } from '../library/import-image.ts';
import { endJobs } from '../library/jobs.ts';
import { prepare } from '../library/prepare.ts';
import { imageExists } from '../library/publish.ts';
import { removeStaging } from '../library/staging.ts';
import { findOperatingSystem } from '../os/registry.ts';
import { provisionerNames } from '../provisioners/registry.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { describeImport, type DescribedImport, type ImageToImport } from './image-to-import.ts';
import { createModules } from './modules.ts';

/** What an import works with. */
interface Workbench {
  readonly catalog: Catalog;
  readonly library: LibraryPlace;
  readonly jobs: Jobs;
}

/** How an operating system is installed, in the catalog's words, and who may load what is installed so. */
interface Installation {
  readonly installType: string;
  readonly systems: readonly string[];
}

/**
 * Imports disk files, or a directory that was exported, into the library of this management node and publishes them as a revision. An import that was cut (killed, or `signal`
 * aborted) is taken up again by the same call. When it fails, nothing is left of it, unless the copy was published already: then the same
 * call completes it. ConflictError while another run makes a revision of the image.
 */
export async function importImageHere(
  config: WorkerConfig,
  catalog: Catalog,
  request: ImageToImport,
  context: CallContext,
): Promise<Revision> {
  parseImageName(request.image);
  const modules = createModules(config, catalog);
  try {
    const { library, jobs } = modules.dependencies;
    const described = await describeImport(library, request, context);
    await prepare(library, context);
    await introduceLibrary(config, catalog);
    await introduceOperatingSystem(catalog, described);
    return await importReserved({ catalog, library, jobs }, described, context);
  } finally {
    await modules.close();
  }
}

/** The catalog must know the library in which a copy lies, also before the first worker of this management node has run. */
async function introduceLibrary(config: WorkerConfig, catalog: Catalog): Promise<void> {
  const { IMPRINT_MANAGEMENT_NODE: name, IMPRINT_ADDRESS: address, IMPRINT_LIBRARY: libraryRoot } = config;
  await catalog.managementNodes.register({ name, address, libraryRoot });
}

async function introduceOperatingSystem(catalog: Catalog, request: DescribedImport): Promise<void> {
  const { osModule } = request;
  const name = request.reservation.operatingSystem;
  const known = (await catalog.operatingSystems.list()).find((row) => row.name === name);
  if (known !== undefined && osModule !== undefined && osModule !== known.module) {
    throw new InvalidInputError(
      `${name} is registered with the OS module ${String(known.module)}, not with ${osModule}`,
    );
  }
  const { installType, systems } = installationOf(request);
  if (known === undefined) {
    const module = osModule ?? defaultModule(request);
    // Unknown modules are refused before anything is recorded.
    if (module !== undefined) findOperatingSystem(module);
    await catalog.operatingSystems.register({ name, installType, ...(module === undefined ? {} : { module }) });
  }
  for (const system of systems) await catalog.operatingSystems.allowInstallType(system, installType);
}

/** A configuration is loaded by the system that it was captured with, and by no other. */
function installationOf(request: DescribedImport): Installation {
  if (!isConfiguration(request)) return { installType: 'image', systems: provisionerNames };
  const system = request.facts?.source.provisioningSystem;
  return { installType: 'configuration', systems: provisionerNames.filter((name) => name === system) };
}

function isConfiguration({ files }: Pick<DescribedImport, 'files'>): boolean {
  return files.every(({ format }) => format === 'configuration');
}

/** In a configuration is no operating system. */
function defaultModule({ files }: DescribedImport): string | undefined {
  if (isConfiguration({ files })) return undefined;
  return files.every(({ format }) => format === 'simulated') ? 'simulated' : 'linux';
}

async function importReserved(bench: Workbench, request: DescribedImport, context: CallContext): Promise<Revision> {
  const { catalog, library, jobs } = bench;
  const { reservation, files, facts } = request;
  const owner = await ownerOf(catalog, reservation.image);
  const revision = await catalog.revisions.reserve({ owner, ...reservation });
  // The clock as the epoch: an import that takes another one up supersedes it.
  const fence: Fence = { node: '', owner, epoch: Date.now() };
  try {
    const wanted = { fence, revision, files, ...(facts === undefined ? {} : { facts }) };
    const { manifest, copy } = await importImage(library, jobs, wanted, context);
    return await catalog.revisions.publish(owner, revision.id, manifest, copy);
  } catch (error) {
    // What could not be taken back is taken up again by the same call; why the import failed counts more.
    if (!context.signal.aborted) await takeBack(bench, fence, revision).catch(() => undefined);
    throw error;
  }
}

/** The same until a further revision is published, so that an import that was cut finds what it made. */
async function ownerOf(catalog: Catalog, image: string): Promise<string> {
  const known = await catalog.revisions.findImage(image);
  const revisions = known === undefined ? [] : await catalog.revisions.list(image);
  const highest = revisions.find(({ state }) => state !== 'capturing')?.revision ?? 0;
  return `importImage/${image}/after-v${String(highest)}`;
}

/** Nothing automatic deletes a complete copy: once it is in the library, its reservation stays, and the next call completes it. */
async function takeBack({ catalog, library, jobs }: Workbench, fence: Fence, revision: Revision): Promise<void> {
  const context: CallContext = { signal: AbortSignal.timeout(120_000), progress: () => undefined };
  await endJobs(library, jobs, fence, context);
  await removeStaging(library, fence, context);
  if (!(await imageExists(library, revision, context))) await catalog.revisions.abandon(fence.owner);
}
