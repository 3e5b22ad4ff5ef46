import { resolve } from 'node:path';
import type { Command } from 'commander';
import { nameOfRevision } from '../../domain/image.ts';
import { parseImageReference } from '../../domain/names.ts';
import { formatBytes } from '../amounts.ts';
import { addCommand } from '../command.ts';
import { readWorkerConfig, withCatalog } from '../connect.ts';
import { exitStatuses } from '../exit-status.ts';
import { openProgressLine } from '../progress-line.ts';
import { holdInterrupt, printResult, type OutputOptions, type Session } from '../session.ts';

interface Export {
  readonly image: string;
  readonly directory: string;
  readonly options: OutputOptions;
}

export function addImagesExportCommand(images: Command, session: Session): void {
  addCommand(images, 'export <image> <directory>', {
    summary: 'write a revision with its manifest and checksums into a new directory; run it on the management node',
    examples: ['imprint images export web /mnt/backup/web', 'imprint images export web@2 /mnt/backup/web-v2 --json'],
  }).action(async (image: string, directory: string, options: OutputOptions) => {
    await exportHere(session, { image, directory: resolve(directory), options });
  });
}

async function exportHere(session: Session, wanted: Export): Promise<void> {
  const interrupt = holdInterrupt(session);
  try {
    await carryOut(session, wanted, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    session.status = exitStatuses.detached;
    const document = { image: wanted.image, interrupted: true };
    printResult(session, wanted.options, document, 'Interrupted. What was written so far was removed.');
  } finally {
    interrupt.release();
  }
}

async function carryOut(session: Session, { image, directory, options }: Export, signal: AbortSignal): Promise<void> {
  const reference = parseImageReference(image);
  const config = await readWorkerConfig();
  // The worker's modules bring libraries that other commands do without.
  const { exportImageHere } = await import('../../worker/image-export.ts');
  const line = openProgressLine(session.terminal, options.json === true);
  const context = { signal, progress: line.update };
  const revision = await withCatalog(
    async (catalog) => await exportImageHere(config, catalog, { reference, directory }, context),
  ).finally(() => line.close());
  const { manifest: _manifest, ...document } = revision;
  const text = `${nameOfRevision(revision)} is in ${directory}, ${formatBytes(revision.sizeBytes ?? 0)}.\n  check it:  cd ${directory} && sha256sum -c SHA256SUMS`;
  printResult(session, options, { ...document, directory }, text);
}
