import { join } from 'node:path';
import { execa } from 'execa';
import type { Catalog, NewComputer } from '../catalog/catalog.ts';
import { CommandFailedError } from '../domain/errors.ts';
import { packageRoot } from '../platform/state-directory.ts';
import type { Say } from './follow.ts';
import type { DemoParts } from './parts.ts';

/** Tells the catalog what there is: a management node, two computers, and the base image by `imprint images import`. */
export async function register(
  catalog: Catalog,
  parts: DemoParts,
  environment: Readonly<Record<string, string>>,
  say: Say,
): Promise<void> {
  await registerNodes(catalog, parts.computers, environment, say);
  await importImage('base', parts.baseImage, environment);
  say('   imported the base image: imprint images import base');
}

/** The management node of the demo, and what it drives. */
export async function registerNodes(
  catalog: Catalog,
  computers: readonly NewComputer[],
  environment: Readonly<Record<string, string>>,
  say: Say,
): Promise<void> {
  const libraryRoot = environment['IMPRINT_LIBRARY'] ?? '';
  await catalog.managementNodes.register({ name: 'demo', address: '127.0.0.1', libraryRoot });
  for (const computer of computers) await catalog.computers.add(computer);
  say(`   registered the management node demo and ${computers.map(({ name }) => name).join(', ')}`);
}

/** A node that the demo has on this host; what matters of it lies in its settings. */
export function demoNode(name: string, system: string, settings: Readonly<Record<string, unknown>>): NewComputer {
  return {
    ...{ name, managementNode: 'demo', provisioningSystem: system, address: '127.0.0.1', sshPort: 22 },
    ...{ macAddresses: [], memoryMiB: 1024, cpus: 1, settings },
  };
}

/** Makes known what a system captures and loads, as an administrator does once. */
export async function introduce(
  catalog: Catalog,
  { system, operatingSystem, installType, module }: Introduced,
  say: Say,
): Promise<void> {
  await catalog.provisioningSystems.allow('demo', system);
  await catalog.operatingSystems.register({
    name: operatingSystem,
    installType,
    ...(module === undefined ? {} : { module }),
  });
  await catalog.operatingSystems.allowInstallType(system, installType);
  say(`   made ${operatingSystem} known as what ${system} captures and loads`);
}

export interface Introduced {
  readonly system: string;
  readonly operatingSystem: string;
  readonly installType: string;
  /** Of the operating system; left out: it has none. */
  readonly module?: string;
}

/** By `imprint images import`, in a process of its own. */
export async function importImage(
  name: string,
  { file, format, operatingSystem, module }: DemoParts['baseImage'],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const command = ['images', 'import', name, `${file}:${format}`, '--os', operatingSystem, '--os-module', module];
  const result = await execa(
    process.execPath,
    ['--import', 'tsx', join(packageRoot(), 'src/cli/main.ts'), ...command],
    {
      cwd: packageRoot(),
      env: environment,
      reject: false,
    },
  );
  if (result.exitCode === 0) return;
  throw new CommandFailedError(`import the image ${name}`, {
    evidence: { stderr: result.stderr.slice(-2_000) },
    cause: new Error(result.stderr.slice(-2_000)),
  });
}
