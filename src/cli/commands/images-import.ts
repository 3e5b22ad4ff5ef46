import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Catalog } from '../../catalog/catalog.ts';
import type { WorkerConfig } from '../../config.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import { formatBytes } from '../amounts.ts';
import { addCommand } from '../command.ts';
import { readWorkerConfig, withCatalog } from '../connect.ts';
import { exitStatuses } from '../exit-status.ts';
import { chooseSource, collectSource, type ImportSource } from '../parse-import-source.ts';
import { openProgressLine } from '../progress-line.ts';
import { holdInterrupt, printResult, type OutputOptions, type Session } from '../session.ts';

interface ImportOptions extends OutputOptions {
  readonly os?: string;
  readonly osModule?: string;
  readonly comment?: string;
  readonly author: string;
}

interface Import {
  readonly image: string;
  readonly sources: readonly ImportSource[];
  readonly options: ImportOptions;
}

export function addImagesImportCommand(images: Command, session: Session): void {
  addCommand(images, 'import <image>', {
    summary: 'import disk files, or an exported directory, as the next revision; run it on the management node',
    examples: [
      'imprint images import debian12-base disk.qcow2 --os debian12',
      'imprint images import debian12-base disk.img:raw data.img:raw --os debian12 --comment "from the vendor"',
      'imprint images import web /mnt/backup/web-v3',
    ],
  })
    .argument(
      '<file...>',
      'disk files, the boot disk first; the format is the extension or follows a colon. Or one exported directory',
      collectSource,
    )
    .option('--os <name>', 'operating system on disk files, such as debian12; it is registered when it is new')
    .option(
      '--os-module <module>',
      'module that prepares a new operating system (default: linux; simulated for simulated disks)',
    )
    .option('--comment <text>', 'where it comes from')
    .option('--author <name>', 'who imports it', userInfo().username)
    .action(async (image: string, sources: readonly ImportSource[], options: ImportOptions) => {
      await importHere(session, { image, sources, options });
    });
}

async function importHere(session: Session, wanted: Import): Promise<void> {
  const config = await readWorkerConfig();
  const interrupt = holdInterrupt(session);
  try {
    const revision = await withCatalog(
      async (catalog) => await carryOut(session, { ...wanted, config, catalog }, interrupt.signal),
    );
    const size = formatBytes(revision.sizeBytes ?? 0);
    const { manifest: _manifest, ...document } = revision;
    printResult(session, wanted.options, document, `${nameOfRevision(revision)} is available, ${size}.`);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    session.status = exitStatuses.detached;
    const text =
      'Interrupted. What was copied is kept, and a copy under way goes on; the same command takes it up again.';
    printResult(session, wanted.options, { image: wanted.image, interrupted: true }, text);
  } finally {
    interrupt.release();
  }
}

interface Prepared extends Import {
  readonly config: WorkerConfig;
  readonly catalog: Catalog;
}

async function carryOut(session: Session, prepared: Prepared, signal: AbortSignal): Promise<Revision> {
  const { config, catalog, image, sources, options } = prepared;
  // The worker's modules bring libraries that other commands do without.
  const { importImageHere } = await import('../../worker/image-import.ts');
  const line = openProgressLine(session.terminal, options.json === true);
  const request = {
    image,
    from: chooseSource(sources),
    ...(options.os === undefined ? {} : { operatingSystem: options.os }),
    ...(options.osModule === undefined ? {} : { osModule: options.osModule }),
    ...(options.comment === undefined ? {} : { comment: options.comment }),
    author: options.author,
  };
  try {
    return await importImageHere(config, catalog, request, { signal, progress: line.update });
  } finally {
    line.close();
  }
}
