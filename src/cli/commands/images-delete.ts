import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { referenceOf } from '../../domain/image.ts';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { confirm } from '../confirm.ts';
import { withCatalog } from '../connect.ts';
import { parseNumberedRevision } from '../parse-revision.ts';
import { printResult, type Session } from '../session.ts';

interface DeleteOptions extends RunOptions {
  readonly yes?: true;
}

export function addImagesDeleteCommand(images: Command, session: Session): void {
  addCommand(images, 'delete <revision>', {
    summary: 'delete a retired revision that nothing uses, in every library',
    examples: ['imprint images delete web@1', 'imprint images delete web@1 --yes --json'],
  })
    .option('--yes', 'do not ask')
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (argument: string, options: DeleteOptions) => {
      const reference = parseNumberedRevision(argument);
      // What stands in the way is told before anybody is asked.
      if (options.yes !== true) {
        await withCatalog(async ({ revisionDeletion }) => await revisionDeletion.check(reference));
        if (!(await confirm(session, `Delete ${referenceOf(reference)} for good, in every library?`))) {
          return printResult(session, options, { ...reference, deleted: false }, 'Nothing was deleted.');
        }
      }
      const request = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
      const input = { ...reference, by: userInfo().username };
      await conductRun(session, options, async (client) => await client.startDeletion(input, request));
    });
}
