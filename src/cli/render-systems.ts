import type { SettingDescription } from '../domain/setting-description.ts';
import { fields, listed, table } from './style.ts';
import type { ShownSystem, System } from './systems.ts';

/** A line of `systems list`; `?` where this program has no module for the system. */
export function systemRow(system: System): readonly string[] {
  const { name, can, managementNodes, installTypes, wrong } = system;
  const abilities = [captures(system), ...[can?.load, can?.power, can?.status, can?.unload].map(yesNo)];
  return [name, ...abilities, hostKeys(system), listed(managementNodes), listed(installTypes), settingsState(wrong)];
}

/** `systems show`: facts, settings, and what is wrong with those of its nodes. */
export function describeSystem(system: ShownSystem): string {
  const { name, can, installTypes, nodes, operatingSystems } = system;
  const facts = fields([
    ['system', name],
    ['capture', captures(system)],
    ['load', yesNo(can?.load)],
    ['power', yesNo(can?.power)],
    ['status', yesNo(can?.status)],
    ['unload', yesNo(can?.unload)],
    ['host keys', hostKeys(system)],
    ['strays', yesNo(can?.strays)],
    ['management nodes', listed(withPriorities(system))],
    ['install types', listed(installTypes)],
    ['operating systems', listed(operatingSystems)],
    ['nodes', listed(nodes)],
  ]);
  return [facts, '', settingsTable(system.settings), ...wrongLines(system)].join('\n');
}

function settingsTable(settings: readonly SettingDescription[]): string {
  const rows = settings.map((setting) => [setting.name, setting.type, given(setting), purposeOf(setting)]);
  return table(['setting', 'type', 'default', 'what for'], rows, 'no settings');
}

function given({ required, default: value }: SettingDescription): string {
  if (value !== undefined) return JSON.stringify(value);
  return required ? 'required' : '-';
}

function purposeOf({ purpose, only }: SettingDescription): string {
  const where = only === undefined ? [] : [`where ${only}`];
  return [...(purpose === '' ? [] : [purpose]), ...where].join('; ');
}

function wrongLines({ wrong }: System): readonly string[] {
  if (wrong.length === 0) return [];
  const lines = wrong.flatMap(({ node, problems }) =>
    problems.map(({ where, problem }) => ` ✖ ${node}: ${where}: ${problem}`),
  );
  return ['', ...lines, '', 'Mend them with: imprint nodes edit NODE --settings FILE'];
}

/** `sealed`, `sealed, live`: what its captures make. */
function captures({ can }: System): string {
  if (can === undefined) return '?';
  return can.capture ? listed(can.imageClasses) : 'no';
}

function hostKeys({ can }: System): string {
  if (can === undefined) return '?';
  return can.hostKeys ? 'learned' : 'given';
}

function settingsState(wrong: System['wrong']): string {
  return wrong.length === 0 ? 'right' : `wrong on ${listed(wrong.map(({ node }) => node))}`;
}

function yesNo(value: boolean | undefined): string {
  if (value === undefined) return '?';
  return value ? 'yes' : 'no';
}

/** `mn-a (100)` */
function withPriorities({ managementNodes, priorities }: System): readonly string[] {
  return managementNodes.map((name, index) => `${name} (${String(priorities[index])})`);
}
