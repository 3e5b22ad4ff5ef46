import type { Command } from 'commander';
import type { Catalog, ImageRow } from '../../catalog/catalog.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { Revision, RevisionCopy } from '../../domain/image.ts';
import { formatBytes, formatTime } from '../amounts.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { fields, table } from '../style.ts';
import { addImagesDeleteCommand } from './images-delete.ts';
import { addImagesExportCommand } from './images-export.ts';
import { addImagesImportCommand } from './images-import.ts';
import { addImagesLifeCommands } from './images-life.ts';

export function addImagesCommands(program: Command, session: Session): void {
  const images = addGroup(program, 'images', {
    summary: 'list, show, import, export, promote, retire, restore and delete images',
    examples: ['imprint images list', 'imprint images show web'],
  });
  addCommand(images, 'list', {
    summary: 'list all images',
    examples: ['imprint images list', 'imprint images list --json'],
  }).action(async (options: OutputOptions) => {
    const all = await withCatalog(listImages);
    const head = ['image', 'operating system', 'production', 'revisions', 'size'];
    printResult(session, options, all, table(head, all.map(imageRow), 'no images; capture or import one'));
  });
  addCommand(images, 'show <image>', {
    summary: 'show an image with its revisions and where their bytes lie',
    examples: ['imprint images show web'],
  }).action(async (name: string, options: OutputOptions) => {
    const image = await withCatalog(async (catalog) => await readImage(catalog, name));
    printResult(session, options, image, describe(image));
  });
  addImagesImportCommand(images, session);
  addImagesExportCommand(images, session);
  addImagesLifeCommands(images, session);
  addImagesDeleteCommand(images, session);
}

interface ListedImage extends ImageRow {
  readonly revisions: number;
  /** Of the production revision. */
  readonly sizeBytes?: number;
}

async function listImages(catalog: Catalog): Promise<readonly ListedImage[]> {
  const images = await catalog.revisions.listImages();
  return await Promise.all(
    images.map(async (image) => {
      const revisions = await catalog.revisions.list(image.name);
      const sizeBytes = revisions.find(({ revision }) => revision === image.productionRevision)?.sizeBytes;
      const kept = revisions.filter(({ state }) => state !== 'deleted');
      return { ...image, revisions: kept.length, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
    }),
  );
}

function imageRow({ name, operatingSystem, productionRevision, revisions, sizeBytes }: ListedImage): readonly string[] {
  const production = productionRevision === undefined ? '-' : `v${String(productionRevision)}`;
  return [name, operatingSystem, production, String(revisions), sizeOf(sizeBytes)];
}

interface ShownImage extends ImageRow {
  readonly revisions: readonly (Revision & { readonly copies: readonly RevisionCopy[] })[];
}

async function readImage(catalog: Catalog, name: string): Promise<ShownImage> {
  const image = await catalog.revisions.findImage(name);
  if (image === undefined) throw new NotFoundError(`no image ${JSON.stringify(name)} in the catalog`);
  const revisions = await catalog.revisions.list(name);
  const withCopies = async (revision: Revision) => ({ ...revision, copies: await catalog.copies.list(revision.id) });
  return { ...image, revisions: await Promise.all(revisions.map(withCopies)) };
}

function describe(image: ShownImage): string {
  const { name, operatingSystem } = image;
  const head = fields([
    ['image', name],
    ['operating system', operatingSystem],
    ['production', describeProduction(image)],
  ]);
  const columns = ['revision', 'state', 'created', 'size', 'by', 'comment', 'shutdown', 'copies'];
  return `${head}\n\n${table(columns, image.revisions.map(revisionRow), 'no revisions')}`;
}

function describeProduction({ productionRevision, promoted, promotedBy }: ImageRow): string {
  if (productionRevision === undefined) return 'none';
  const by = promoted === undefined ? '' : `, promoted ${formatTime(promoted)} by ${promotedBy ?? 'nobody'}`;
  return `revision ${String(productionRevision)}${by}`;
}

function revisionRow(revision: ShownImage['revisions'][number]): readonly string[] {
  const { state, created, sizeBytes, author, comment, manifest, copies } = revision;
  const shutdown = manifest?.imageClass ?? manifest?.cleanShutdown.kind ?? '-';
  const where = copies.map(({ library, path }) => `${library}:${path}`).join('\n') || '-';
  return [
    `v${String(revision.revision)}`,
    state,
    formatTime(created),
    sizeOf(sizeBytes),
    author,
    comment,
    shutdown,
    where,
  ];
}

function sizeOf(bytes: number | undefined): string {
  return bytes === undefined ? '-' : formatBytes(bytes);
}
