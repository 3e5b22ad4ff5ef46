import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { Revision } from '../domain/image.ts';
import type { ImageReference } from '../domain/names.ts';
import type { ImageRow } from './catalog.ts';
import type { Database } from './database.ts';
import { imageRow, revisionRow, selectImages, selectRevisions } from './revision-rows.ts';
import { parseFirst, parseRows } from './rows.ts';

/** As many names as fit into one sentence. */
const NAMED = 8;

/** See `Revisions.resolve`. */
export async function resolveRevision(database: Database, reference: ImageReference): Promise<Revision> {
  const image = await requireImage(database, reference.image);
  const sql = `${selectRevisions} WHERE r.image_id = $1 ORDER BY r.number DESC`;
  const rows = await database.read(`list the revisions of ${image.name}`, sql, [image.id]);
  return chooseRevision(image, parseRows(revisionRow, rows), reference.revision);
}

/** Picks the revision that is meant from all revisions of the image, or throws the error that says why there is none to load. */
export function chooseRevision(image: ImageRow, revisions: readonly Revision[], number?: number): Revision {
  const wanted = number ?? image.productionRevision;
  if (wanted === undefined) throw nothingPublished(image, revisions);
  const revision = revisions.find((candidate) => candidate.revision === wanted);
  if (!revision) throw noSuchRevision(image, revisions, wanted);
  if (revision.state !== 'available') throw notAvailable(revision);
  return revision;
}

async function requireImage(database: Database, name: string): Promise<ImageRow> {
  const rows = await database.read(`look up image ${name}`, `${selectImages} WHERE name = $1`, [name]);
  const image = parseFirst(imageRow, rows);
  if (image) return image;
  const names = parseRows(imageRow, await database.read('list the images', `${selectImages} ORDER BY name`));
  throw noSuchImage(
    name,
    names.map((other) => other.name),
  );
}

/** Names what looks alike, else all images where they are few, else how many there are. */
export function noSuchImage(name: string, names: readonly string[]): NotFoundError {
  const wanted = name.toLowerCase();
  const alike = names.filter((other) => {
    const candidate = other.toLowerCase();
    return candidate.includes(wanted) || wanted.includes(candidate) || candidate.slice(0, 3) === wanted.slice(0, 3);
  });
  const message = `no image ${JSON.stringify(name)} in the catalog`;
  if (names.length === 0) return new NotFoundError(`${message}; it has none yet`);
  if (alike.length > 0) return new NotFoundError(`${message}; alike: ${listed(alike)}`);
  if (names.length <= NAMED) return new NotFoundError(`${message}; it has ${listed(names)}`);
  return new NotFoundError(`${message}; it has ${String(names.length)} others`);
}

function noSuchRevision(image: ImageRow, revisions: readonly Revision[], wanted: number): NotFoundError {
  const published = revisions.filter((revision) => revision.state === 'available');
  const has = published.length === 0 ? 'none that is available' : listed(published.map((one) => String(one.revision)));
  return new NotFoundError(`no revision ${String(wanted)} of image ${image.name}; it has ${has}`);
}

function nothingPublished(image: ImageRow, revisions: readonly Revision[]): ConflictError | NotFoundError {
  const capturing = revisions.find((revision) => revision.state === 'capturing');
  return capturing ? notAvailable(capturing) : new NotFoundError(`image ${image.name} has no production revision`);
}

function notAvailable({ image, revision, state, owner }: Revision): ConflictError {
  const what = `revision ${String(revision)} of image ${image}`;
  const why = state === 'capturing' ? `is still being captured by run ${String(owner)}` : words[state];
  return new ConflictError(`${what} ${why}`, { evidence: { state } });
}

const words = {
  available: 'is available',
  retired: 'is retired',
  deleting: 'is being deleted',
  deleted: 'was deleted',
} as const;

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${String(rest)} more` : '');
}
