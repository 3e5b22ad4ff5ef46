import type { Command } from 'commander';
import type { LibraryHostChanges } from '../../catalog/copy-transfers.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { collectHostKey, wholeNumber } from '../parse-arguments.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface EditOptions extends OutputOptions {
  readonly hostKey?: readonly string[];
  readonly sshUser?: string;
  readonly sshPort?: number;
}

export function addManagementNodesEditCommand(managementNodes: Command, session: Session): void {
  addCommand(managementNodes, 'edit <management-node>', {
    summary: 'say how other management nodes log in to it to fetch copies from its library',
    examples: ['imprint management-nodes edit mn-a --host-key "ssh-ed25519 AAAA…"'],
  })
    .option(
      '--host-key <key>',
      'public host key of its SSH server, in place of all it has; may be given several times',
      collectHostKey,
    )
    .option('--ssh-user <name>', 'account that may read its library')
    .option('--ssh-port <port>', 'port of its SSH server', wholeNumber(65_535))
    .action(async (name: string, options: EditOptions) => {
      const changes = changesOf(options);
      if (Object.keys(changes).length === 0) {
        throw new InvalidInputError(`edit ${name}: nothing is to change; give at least one option (see --help)`);
      }
      const edited = await withCatalog(async (catalog) => await catalog.copyTransfers.editHost(name, changes));
      printResult(session, options, edited, `Changed ${name}: ${Object.keys(changes).join(', ')}.`);
    });
}

function changesOf({ hostKey, sshUser, sshPort }: EditOptions): LibraryHostChanges {
  if (sshUser !== undefined && !/^[a-z_][a-z0-9_.-]{0,31}$/.test(sshUser)) {
    throw new InvalidInputError(`ssh-user: expected the name of an account; got ${JSON.stringify(sshUser)}`);
  }
  return {
    ...(hostKey === undefined ? {} : { hostKeys: hostKey }),
    ...(sshUser === undefined ? {} : { sshUser }),
    ...(sshPort === undefined ? {} : { sshPort }),
  };
}
