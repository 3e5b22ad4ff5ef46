import type { Catalog, ProvisioningSystemRow } from '../catalog/catalog.ts';
import type { Computer, Problem } from '../domain/computer.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { SettingDescription } from '../domain/setting-description.ts';
import type { DescribedSystem, SystemCapabilities } from '../worker/describe-systems.ts';

/** What the catalog and the modules of this program know of a provisioning system. */
export interface System extends ProvisioningSystemRow {
  /** Absent when this program has no module for it. */
  readonly can?: SystemCapabilities;
  /** Its computers whose settings are not right. */
  readonly wrong: readonly WrongSettings[];
}

/** A computer, and what is missing or wrong in its settings. */
export interface WrongSettings {
  readonly node: string;
  readonly problems: readonly Problem[];
}

/** All systems, by name: those that have a module and those that only the catalog names. */
export async function readSystems(catalog: Catalog): Promise<readonly System[]> {
  const modules = await loadModules();
  const rows = await catalog.provisioningSystems.list();
  const computers = await catalog.computers.list();
  const names = [...new Set([...Object.keys(modules), ...rows.map(({ name }) => name)])].sort();
  return names.map((name) => {
    const known = rows.find((candidate) => candidate.name === name);
    const module = modules[name];
    const wrong = module === undefined ? [] : wrongSettings(module, name, computers);
    const can = module === undefined ? {} : { can: module.can };
    return { ...(known ?? { name, managementNodes: [], priorities: [], installTypes: [] }), ...can, wrong };
  });
}

/** One system with its settings, its nodes and what it may load. */
export interface ShownSystem extends System {
  readonly settings: readonly SettingDescription[];
  readonly nodes: readonly string[];
  readonly operatingSystems: readonly string[];
}

/** NotFoundError, with the names that there are, for any other. */
export async function readSystem(catalog: Catalog, name: string): Promise<ShownSystem> {
  const all = await readSystems(catalog);
  const system = all.find((candidate) => candidate.name === name);
  if (system === undefined) {
    const names = all.map((other) => other.name).join(', ');
    throw new NotFoundError(`no provisioning system ${JSON.stringify(name)}; there are ${names}`);
  }
  const computers = await catalog.computers.list();
  const nodes = computers.filter(({ provisioningSystem }) => provisioningSystem === name);
  const loadable = (await catalog.operatingSystems.list()).filter(({ installType }) =>
    system.installTypes.includes(installType),
  );
  return {
    ...system,
    settings: (await loadModules())[name]?.settings ?? [],
    nodes: nodes.map((node) => node.name),
    operatingSystems: loadable.map((os) => os.name),
  };
}

/** Provisioners bring libraries that other commands do without. */
async function loadModules(): Promise<Readonly<Record<string, DescribedSystem>>> {
  return (await import('../worker/describe-systems.ts')).describeSystems();
}

function wrongSettings(
  { problemsOf }: DescribedSystem,
  system: string,
  computers: readonly Computer[],
): readonly WrongSettings[] {
  return computers
    .filter(({ provisioningSystem }) => provisioningSystem === system)
    .map((computer) => ({ node: computer.name, problems: problemsOf(computer) }))
    .filter(({ problems }) => problems.length > 0);
}
