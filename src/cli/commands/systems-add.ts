import type { Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { refuseUnknownSystem } from '../known-system.ts';
import { collectName, wholeNumber } from '../parse-arguments.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface AddOptions extends OutputOptions {
  readonly managementNode?: readonly string[];
  readonly installType?: readonly string[];
  readonly priority?: number;
}

export function addSystemsAddCommand(systems: Command, session: Session): void {
  addCommand(systems, 'add <system>', {
    summary: 'say that management nodes drive a provisioning system, or that it loads an install type',
    examples: [
      'imprint systems add libvirt --management-node mn-a',
      'imprint systems add libvirt --management-node mn-b --priority 200',
      'imprint systems add libvirt --install-type image --install-type configuration',
    ],
  })
    .option('--management-node <name>', 'a management node that drives it; may be given several times', collectName)
    .option(
      '--priority <number>',
      'of the management nodes named, 1 to 65535: of several that reach a node beside its own the one with the smallest is taken first; at first 100',
      wholeNumber(65_535),
    )
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
      if (options.priority !== undefined && managementNodes.length === 0) {
        throw new InvalidInputError(`add ${system}: name the --management-node whose priority that is`);
      }
      await refuseUnknownSystem(system);
      await record(system, { ...options, managementNodes, installTypes });
      const text = [
        ...managementNodes.map((name) => `${name} drives ${system}${withPriority(options)}.`),
        ...installTypes.map((type) => `${system} may load what is installed as ${type}.`),
      ];
      const { priority } = options;
      const recorded = { system, managementNodes, installTypes, ...(priority === undefined ? {} : { priority }) };
      printResult(session, options, recorded, text.join('\n'));
    });
}

interface Recorded {
  readonly managementNodes: readonly string[];
  readonly installTypes: readonly string[];
  readonly priority?: number;
}

function withPriority({ priority }: AddOptions): string {
  return priority === undefined ? '' : ` with priority ${String(priority)}`;
}

async function record(system: string, { managementNodes, installTypes, priority }: Recorded): Promise<void> {
  await withCatalog(async (catalog) => {
    // All are looked up before anything is recorded.
    for (const name of managementNodes) await catalog.managementNodes.get(name);
    for (const name of managementNodes) await catalog.provisioningSystems.allow(name, system, priority);
    for (const type of installTypes) await catalog.operatingSystems.allowInstallType(system, type);
  });
}
