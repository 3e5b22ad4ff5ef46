import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { CommandFailedError } from '../../domain/errors.ts';
import type { GuestRecipe } from './recipe.ts';

/** Installs the recipe's packages and files into `directory`, which must not exist yet. */
export async function makeRootFileSystem(recipe: GuestRecipe, directory: string): Promise<void> {
  await bootstrap(recipe, directory);
  await mask(recipe, directory);
  await execa('systemctl', [`--root=${directory}`, 'enable', ...recipe.enabledUnits]);
  await removeIdentity(directory);
}

async function bootstrap(recipe: GuestRecipe, directory: string): Promise<void> {
  const overlay = `${directory}.overlay`;
  await placeFiles(recipe, overlay);
  try {
    await execa('mmdebstrap', bootstrapArguments(recipe, directory, overlay), { all: true, env: { LC_ALL: 'C' } });
  } catch (cause) {
    throw new CommandFailedError(`could not install Debian ${recipe.suite} into the guest's file system`, { cause });
  } finally {
    await rm(overlay, { recursive: true, force: true });
  }
}

function bootstrapArguments(recipe: GuestRecipe, directory: string, overlay: string): string[] {
  return [
    ...['--mode=root', '--format=directory', '--variant=minbase', `--include=${recipe.packages.join(',')}`],
    ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
    ...['--dpkgopt=force-unsafe-io', '--dpkgopt=force-confold'],
    ...recipe.pathRules.map((rule) => `--dpkgopt=path-${rule}`),
    // Before the packages are configured, so that the one initramfs that they make is the right one.
    `--essential-hook=sync-in ${overlay} /`,
    `--customize-hook=sync-in ${overlay} /`,
    ...[recipe.suite, directory],
  ];
}

async function placeFiles(recipe: GuestRecipe, directory: string): Promise<void> {
  for (const file of recipe.files) {
    const path = join(directory, file.path);
    const isPrivate = file.path.startsWith('/root/');
    await mkdir(dirname(path), { recursive: true, mode: isPrivate ? 0o700 : 0o755 });
    await writeFile(path, file.content, { mode: file.mode });
  }
}

async function mask(recipe: GuestRecipe, directory: string): Promise<void> {
  await execa('systemctl', [`--root=${directory}`, 'mask', ...recipe.maskedUnits]);
}

/** What the packages made for the machine on which the image is built: host keys, logs, the machine-id. */
async function removeIdentity(directory: string): Promise<void> {
  const ssh = join(directory, 'etc/ssh');
  const hostKeys = (await readdir(ssh)).filter((name) => name.startsWith('ssh_host_'));
  const logs = ['dpkg.log', 'bootstrap.log', 'alternatives.log', 'apt/history.log', 'apt/term.log'];
  const paths = [...hostKeys.map((name) => join(ssh, name)), ...logs.map((name) => join(directory, 'var/log', name))];
  await Promise.all(paths.map((path) => rm(path, { force: true })));
  await truncate(join(directory, 'etc/machine-id'));
}
