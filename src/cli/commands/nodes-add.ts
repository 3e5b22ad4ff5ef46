import type { Command } from 'commander';
import type { NewComputer } from '../../catalog/catalog.ts';
import { parseName } from '../../domain/names.ts';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { readNodeSettings } from '../node-settings.ts';
import { collectHostKey, collectMac, collectName, parseMebibytes, wholeNumber } from '../parse-arguments.ts';
import { loadRefuseProblems } from '../refuse-problems.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface AddOptions extends OutputOptions {
  readonly managementNode: string;
  readonly alsoReachedBy?: readonly string[];
  readonly system: string;
  readonly address: string;
  readonly sshPort: number;
  readonly mac?: readonly string[];
  readonly memory: number;
  readonly cpus: number;
  readonly settings?: string;
  readonly hostKey?: readonly string[];
}

export function addNodesAddCommand(nodes: Command, session: Session): void {
  addCommand(nodes, 'add <node>', {
    summary: 'add a node; its settings are checked first, and nothing is added when one is wrong',
    examples: [
      'imprint nodes add sim-1 --management-node mn-a --system simulated --address 127.0.0.1 --memory 1024 --cpus 1',
      'imprint nodes add lab-07 --management-node mn-a --system libvirt --address 10.0.0.7 --mac 52:54:00:12:34:56 --memory 2G --cpus 2 --settings lab-07.json',
    ],
  })
    .requiredOption('--management-node <name>', 'the management node that reaches it, and drives it while it is there')
    .option(
      '--also-reached-by <management-node>',
      'another one that may drive it while its own is away; may be given several times',
      collectName,
    )
    .requiredOption('--system <name>', 'the provisioning system that drives it: one of `imprint systems list`')
    .requiredOption('--address <host>', 'host name or address on which its operating system answers')
    .option('--ssh-port <port>', 'port of its SSH server', wholeNumber(65_535), 22)
    .option('--mac <address>', 'MAC address; may be given several times', collectMac)
    .requiredOption('--memory <MiB>', 'memory in MiB, or with a unit, such as 2G', parseMebibytes)
    .requiredOption('--cpus <number>', 'number of processors', wholeNumber(4_096))
    .option('--settings <file>', 'JSON file with the settings of its provisioning system; - reads standard input')
    .option('--host-key <key>', 'public host key of its SSH server; may be given several times', collectHostKey)
    .action(async (node: string, options: AddOptions) => {
      const computer = await newComputer(node, options);
      const refuseProblems = await loadRefuseProblems(`${computer.name} was not added`);
      refuseProblems({ ...computer, id: 0, state: 'available' });
      const added = await withCatalog(async (catalog) => await catalog.computers.add(computer));
      printResult(
        session,
        options,
        added,
        `Added ${added.name}, driven by ${added.provisioningSystem} of ${added.managementNode}.`,
      );
    });
}

async function newComputer(node: string, options: AddOptions): Promise<NewComputer> {
  return {
    name: parseName('node', node),
    managementNode: parseName('management node', options.managementNode),
    ...(options.alsoReachedBy === undefined ? {} : { alsoReachedBy: options.alsoReachedBy }),
    provisioningSystem: options.system,
    address: options.address,
    sshPort: options.sshPort,
    macAddresses: options.mac ?? [],
    memoryMiB: options.memory,
    cpus: options.cpus,
    settings: options.settings === undefined ? {} : await readNodeSettings(options.settings),
    ...(options.hostKey === undefined ? {} : { hostKeys: options.hostKey }),
  };
}
