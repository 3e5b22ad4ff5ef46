import type { Command } from 'commander';
import type { SystemRequirement } from '../../domain/requirement.ts';
import { addCommand } from '../command.ts';
import { withClient } from '../connect.ts';
import { exitStatuses } from '../exit-status.ts';
import { refuseUnknownSystem } from '../known-system.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { table } from '../style.ts';

export function addSystemsCheckCommand(systems: Command, session: Session): void {
  addCommand(systems, 'check [system]', {
    summary: 'have each management node try what its systems need: commands, daemons, logins, the library',
    examples: ['imprint systems check', 'imprint systems check libvirt --json'],
  })
    .addHelpText(
      'after',
      '\nNothing is changed. Status 7 when something is missing, or a management node does not answer.',
    )
    .action(async (system: string | undefined, options: OutputOptions) => {
      if (system !== undefined) await refuseUnknownSystem(system);
      const check = await withClient(async (client) => await client.checkSystems(system));
      if (!check.requirements.every(({ ok }) => ok)) session.status = exitStatuses.found;
      printResult(session, options, check, describe(check.requirements));
    });
}

function describe(requirements: readonly SystemRequirement[]): string {
  const head = ['', 'management node', 'system', 'where', 'what', 'found'];
  const rows = requirements.map(({ ok, managementNode, system, where, what, found }) => [
    ...[ok ? '✔' : '✖', managementNode, system],
    ...[where, what, found],
  ]);
  const missing = requirements.filter(({ ok }) => !ok);
  const remedies = missing.flatMap(({ managementNode, what, remedy }) =>
    remedy === undefined ? [] : [` ✖ ${managementNode}: ${what}: ${remedy}`],
  );
  const count =
    missing.length === 0
      ? 'Nothing is missing.'
      : `${String(missing.length)} of ${String(requirements.length)} missing:`;
  return [table(head, rows, 'no management node drives it'), '', count, ...remedies].join('\n');
}
