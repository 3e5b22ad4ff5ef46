import type { Command } from 'commander';
import type { ComputerChanges } from '../../catalog/catalog.ts';
import type { Computer } from '../../domain/computer.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { parseName } from '../../domain/names.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { readNodeSettings } from '../node-settings.ts';
import { collectHostKey, collectMac, collectName, parseMebibytes, wholeNumber } from '../parse-arguments.ts';
import { loadRefuseProblems } from '../refuse-problems.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface EditOptions extends OutputOptions {
  readonly managementNode?: string;
  readonly alsoReachedBy?: readonly string[];
  readonly reachedByNoOther?: true;
  readonly system?: string;
  readonly address?: string;
  readonly sshPort?: number;
  readonly mac?: readonly string[];
  readonly memory?: number;
  readonly cpus?: number;
  readonly settings?: string;
  readonly hostKey?: readonly string[];
}

export function addNodesEditCommand(nodes: Command, session: Session): void {
  addCommand(nodes, 'edit <node>', {
    summary: 'change what is given of a node; its settings are checked first, and nothing changes when one is wrong',
    examples: ['imprint nodes edit lab-07 --address 10.0.0.17', 'imprint nodes edit lab-07 --settings lab-07.json'],
  })
    .option('--management-node <name>', 'the management node that reaches it, and drives it while it is there')
    .option(
      '--also-reached-by <management-node>',
      'another one that may drive it, in place of all it has; may be given several times',
      collectName,
    )
    .option('--reached-by-no-other', 'its own management node alone may drive it')
    .option('--system <name>', 'the provisioning system that drives it; only while the node is at rest')
    .option('--address <host>', 'host name or address on which its operating system answers')
    .option('--ssh-port <port>', 'port of its SSH server', wholeNumber(65_535))
    .option('--mac <address>', 'MAC address, in place of all it has; may be given several times', collectMac)
    .option('--memory <MiB>', 'memory in MiB, or with a unit, such as 2G', parseMebibytes)
    .option('--cpus <number>', 'number of processors', wholeNumber(4_096))
    .option('--settings <file>', 'JSON file with all settings of its provisioning system; - reads standard input')
    .option(
      '--host-key <key>',
      'public host key of its SSH server, in place of all it has; may be given several times',
      collectHostKey,
    )
    .action(async (node: string, options: EditOptions) => {
      const changes = await changesOf(options);
      if (Object.keys(changes).length === 0) {
        throw new InvalidInputError(`edit ${node}: nothing is to change; give at least one option (see --help)`);
      }
      const refuseProblems = await loadRefuseProblems(`${node} was not changed`);
      const unloads = await loadUnloads();
      const change = (computer: Computer): ComputerChanges => {
        refuseProblems({ ...computer, ...changes });
        return changes;
      };
      const edited = await withCatalog(async (catalog) => await catalog.computers.edit(node, change, unloads));
      printResult(session, options, edited, `Changed ${edited.name}: ${Object.keys(changes).join(', ')}.`);
    });
}

/** Whether a system takes off what it has loaded; one that has no module here might. */
async function loadUnloads(): Promise<(system: string) => boolean> {
  // Provisioners bring libraries that other commands do without.
  const systems = (await import('../../worker/describe-systems.ts')).describeSystems();
  return (system) => systems[system]?.can.unload !== false;
}

async function changesOf(options: EditOptions): Promise<ComputerChanges> {
  const {
    managementNode,
    alsoReachedBy,
    reachedByNoOther,
    system,
    address,
    sshPort,
    mac,
    memory,
    cpus,
    settings,
    hostKey,
  } = options;
  return {
    ...(managementNode === undefined ? {} : { managementNode: parseName('management node', managementNode) }),
    ...(alsoReachedBy === undefined ? {} : { alsoReachedBy }),
    ...(reachedByNoOther === undefined ? {} : { alsoReachedBy: [] }),
    ...(system === undefined ? {} : { provisioningSystem: system }),
    ...(address === undefined ? {} : { address }),
    ...(sshPort === undefined ? {} : { sshPort }),
    ...(mac === undefined ? {} : { macAddresses: mac }),
    ...(memory === undefined ? {} : { memoryMiB: memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(settings === undefined ? {} : { settings: await readNodeSettings(settings) }),
    ...(hostKey === undefined ? {} : { hostKeys: hostKey }),
  };
}
