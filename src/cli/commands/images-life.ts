import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Catalog } from '../../catalog/catalog.ts';
import { referenceOf, type Revision } from '../../domain/image.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import type { NumberedRevision } from '../../domain/names.ts';
import { parseNumberedRevision } from '../parse-revision.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

/** What becomes of a published revision: nothing here touches its bytes. */
export function addImagesLifeCommands(images: Command, session: Session): void {
  addLifeCommand(images, session, {
    name: 'promote',
    summary: "make a revision the image's production revision, the one that its name alone means",
    examples: ['imprint images promote web@3', 'imprint images promote web@2 --json'],
    act: async ({ revisionLife }, reference, by) => await revisionLife.promote(reference, by),
    tell: (revision) => `${revision.image} now means ${referenceOf(revision)}.`,
  });
  addLifeCommand(images, session, {
    name: 'retire',
    summary: 'keep a revision but load it no more; nodes that are loaded with it stay so',
    examples: ['imprint images retire web@1'],
    act: async ({ revisionLife }, reference, by) => await revisionLife.retire(reference, by),
    tell: (revision) =>
      `${referenceOf(revision)} is retired: it is not loaded any more.\n  take it back:  imprint images restore ${referenceOf(revision)}\n  delete it:     imprint images delete ${referenceOf(revision)}`,
  });
  addLifeCommand(images, session, {
    name: 'restore',
    summary: 'take the retirement of a revision back',
    examples: ['imprint images restore web@1'],
    act: async ({ revisionLife }, reference, by) => await revisionLife.restore(reference, by),
    tell: (revision) => `${referenceOf(revision)} is available.`,
  });
}

interface LifeCommand {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly [string, ...string[]];
  act(catalog: Catalog, reference: NumberedRevision, by: string): Promise<Revision>;
  tell(revision: Revision): string;
}

function addLifeCommand(images: Command, session: Session, { name, summary, examples, act, tell }: LifeCommand): void {
  addCommand(images, `${name} <revision>`, { summary, examples }).action(
    async (argument: string, options: OutputOptions) => {
      const reference = parseNumberedRevision(argument);
      const revision = await withCatalog(async (catalog) => await act(catalog, reference, userInfo().username));
      const { manifest: _manifest, ...document } = revision;
      printResult(session, options, document, tell(revision));
    },
  );
}
