import { join } from 'node:path';
import { execa } from 'execa';
import type { Catalog } from '../catalog/catalog.ts';
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
  const libraryRoot = environment['IMPRINT_LIBRARY'] ?? '';
  await catalog.managementNodes.register({ name: 'demo', address: '127.0.0.1', libraryRoot });
  for (const computer of parts.computers) await catalog.computers.add(computer);
  say('   registered the management node demo and the computers demo-1 and demo-2');
  await importBase(parts, environment);
  say('   imported the base image: imprint images import base');
}

async function importBase({ baseImage }: DemoParts, environment: Readonly<Record<string, string>>): Promise<void> {
  const { file, format, operatingSystem, module } = baseImage;
  const command = ['images', 'import', 'base', `${file}:${format}`, '--os', operatingSystem, '--os-module', module];
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
  throw new CommandFailedError('import the base image', {
    evidence: { stderr: result.stderr.slice(-2_000) },
    cause: new Error(result.stderr.slice(-2_000)),
  });
}
