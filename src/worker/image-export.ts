import { createHash } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.ts';
import type { WorkerConfig } from '../config.ts';
import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import { nameOfRevision, referenceOf, type Manifest, type Revision, type RevisionCopy } from '../domain/image.ts';
import type { ImageReference } from '../domain/names.ts';
import { exportImage } from '../library/export-image.ts';
import { createModules } from './modules.ts';

/**
 * Writes a revision from the library of this management node into a new directory; without a number the production revision, with one also a
 * retired one. NotFoundError says in which libraries it is when it is not in this one. See `exportImage`.
 */
export async function exportImageHere(
  config: WorkerConfig,
  catalog: Catalog,
  request: { readonly reference: ImageReference; readonly directory: string },
  context: CallContext,
): Promise<Revision> {
  const { reference, directory } = request;
  const revision = await chooseRevision(catalog, reference);
  const copy = await requireCopy(catalog, revision, config.IMPRINT_MANAGEMENT_NODE);
  const modules = createModules(config, catalog);
  try {
    const { library, jobs } = modules.dependencies;
    const key = createHash('sha256').update(directory).digest('hex').slice(0, 16);
    const fence = { node: '', owner: `exportImage/${nameOfRevision(revision)}/${key}`, epoch: Date.now() };
    await exportImage(library, jobs, { manifest: describe(revision), copy, directory, fence }, context);
    return revision;
  } finally {
    await modules.close();
  }
}

async function chooseRevision(catalog: Catalog, { image, revision: number }: ImageReference): Promise<Revision> {
  if (number === undefined) return await catalog.revisions.resolve({ image });
  const revision = await catalog.revisionDeletion.find({ image, revision: number });
  if (revision.state === 'available' || revision.state === 'retired') return revision;
  throw new ConflictError(`${referenceOf(revision)} is ${revision.state}`, { evidence: { state: revision.state } });
}

async function requireCopy(catalog: Catalog, revision: Revision, library: string): Promise<RevisionCopy> {
  const copies = await catalog.copies.list(revision.id);
  const here = copies.find((copy) => copy.library === library);
  if (here !== undefined) return here;
  const elsewhere = copies.map((copy) => `${copy.library}:${copy.path}`).join(', ') || 'in none';
  throw new NotFoundError(`${referenceOf(revision)} has no copy in library ${library}; it is ${elsewhere}`);
}

/** The manifest with what only the catalog knows, so that another installation learns it. */
function describe(revision: Revision): Manifest {
  const { manifest, comment, author, osModule } = revision;
  if (manifest === undefined) throw new ConflictError(`${referenceOf(revision)} has no manifest`);
  return { ...manifest, catalog: { comment, author, ...(osModule === undefined ? {} : { osModule }) } };
}
