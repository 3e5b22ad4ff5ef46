import type { Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { refuseUnknownSystem } from '../known-system.ts';
import { collectName } from '../parse-arguments.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface AddOptions extends OutputOptions {
  readonly managementNode?: readonly string[];
  readonly installType?: readonly string[];
}

export function addSystemsAddCommand(systems: Command, session: Session): void {
  addCommand(systems, 'add <system>', {
    summary: 'say that management nodes drive a provisioning system, or that it loads an install type',
    examples: [
      'imprint systems add libvirt --management-node mn-a',
      'imprint systems add libvirt --install-type image --install-type configuration',
    ],
  })
    .option('--management-node <name>', 'a management node that drives it; may be given several times', collectName)
    .option(
      '--install-type <type>',
      'how operating systems that it may load are installed; may be given several times',
      collectName,
    )
    .addHelpText(
      'after',
      '\nA worker that starts says by itself what its management node drives. Said twice, it is said once.',
    )
    .action(async (system: string, options: AddOptions) => {
      const { managementNode: managementNodes = [], installType: installTypes = [] } = options;
      if (managementNodes.length + installTypes.length === 0) {
        throw new InvalidInputError(
          `add ${system}: name a --management-node that drives it or an --install-type that it loads`,
        );
      }
      await refuseUnknownSystem(system);
      await record(system, managementNodes, installTypes);
      const text = [
        ...managementNodes.map((name) => `${name} drives ${system}.`),
        ...installTypes.map((type) => `${system} may load what is installed as ${type}.`),
      ];
      printResult(session, options, { system, managementNodes, installTypes }, text.join('\n'));
    });
}

async function record(
  system: string,
  managementNodes: readonly string[],
  installTypes: readonly string[],
): Promise<void> {
  await withCatalog(async (catalog) => {
    // All are looked up before anything is recorded.
    for (const name of managementNodes) await catalog.managementNodes.get(name);
    for (const name of managementNodes) await catalog.provisioningSystems.allow(name, system);
    for (const type of installTypes) await catalog.operatingSystems.allowInstallType(system, type);
  });
}
