import type { Command } from 'commander';
import type { OperatingSystemRow } from '../../catalog/catalog.ts';
import { parseName } from '../../domain/names.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { refuseUnknownSystem } from '../known-system.ts';
import { collectName } from '../parse-arguments.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { listed, table } from '../style.ts';

interface AddOptions extends OutputOptions {
  readonly module: string;
  readonly installType: string;
  readonly system?: readonly string[];
}

/** For what has no operating system that Imprint would prepare, such as the configuration of a network service. */
const noModule = 'none';

export function addOperatingSystemsCommands(program: Command, session: Session): void {
  const group = addGroup(program, 'operating-systems', {
    summary: 'list and add operating systems',
    examples: ['imprint operating-systems list', 'imprint operating-systems add debian13'],
  });
  addCommand(group, 'list', {
    summary: 'list all operating systems: which module prepares each, and what may load it',
    examples: ['imprint operating-systems list', 'imprint operating-systems list --json'],
  }).action(async (options: OutputOptions) => await list(session, options));
  addCommand(group, 'add <operating-system>', {
    summary: 'add an operating system, so that a node that runs it can be captured',
    examples: [
      'imprint operating-systems add debian13 --system libvirt',
      'imprint operating-systems add frr --module none --install-type configuration',
    ],
  })
    .option('--module <module>', `module that prepares it: linux, simulated, or ${noModule}`, 'linux')
    .option('--install-type <type>', 'how it is installed', 'image')
    .option(
      '--system <name>',
      'a provisioning system that may load what is installed so; may be given several times',
      collectName,
    )
    .action(async (name: string, options: AddOptions) => await add(session, name, options));
}

async function list(session: Session, options: OutputOptions): Promise<void> {
  const all = await withCatalog(async (catalog) => {
    const systems = await catalog.provisioningSystems.list();
    const rows = await catalog.operatingSystems.list();
    return rows.map((os) => ({
      ...os,
      loadableBy: systems.filter(({ installTypes }) => installTypes.includes(os.installType)).map(({ name }) => name),
    }));
  });
  const head = ['operating system', 'module', 'install type', 'loadable by'];
  const rows = all.map((os) => [os.name, os.module ?? '-', os.installType, listed(os.loadableBy)]);
  printResult(session, options, all, table(head, rows, 'no operating systems; add one, or import an image'));
}

async function add(session: Session, name: string, options: AddOptions): Promise<void> {
  const { module, system: systems = [] } = options;
  const os: OperatingSystemRow = {
    name: parseName('operating system', name),
    installType: parseName('install type', options.installType),
    ...(module === noModule ? {} : { module }),
  };
  await refuseUnknown(os, systems);
  await withCatalog(async (catalog) => {
    await catalog.operatingSystems.add(os);
    for (const system of systems) await catalog.operatingSystems.allowInstallType(system, os.installType);
  });
  const text = `Added ${os.name}, installed as ${os.installType}, prepared by ${os.module ?? 'no module'}.`;
  printResult(session, options, { ...os, loadableBy: systems }, text);
}

async function refuseUnknown({ module }: OperatingSystemRow, systems: readonly string[]): Promise<void> {
  // Modules bring libraries that other commands do without.
  if (module !== undefined) (await import('../../worker/check-os-module.ts')).checkOsModule(module);
  for (const system of systems) await refuseUnknownSystem(system);
}
