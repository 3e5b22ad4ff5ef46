import { isAbsolute } from 'node:path';
import { execa } from 'execa';
import { UnsupportedError } from '../domain/errors.ts';
import { systemPackages, type SystemNeed, type SystemPackage } from '../domain/system-packages.ts';
import { findCommand } from './commands.ts';
import { exists } from './exists.ts';
import type { ProgressReporter } from './progress.ts';

export { systemPackages, type SystemNeed } from '../domain/system-packages.ts';

/** The packages that are missing for these needs, each once, in order. */
export async function missingPackages(needs: readonly SystemNeed[]): Promise<readonly string[]> {
  const wanted: readonly SystemPackage[] = needs.flatMap((need) => [...systemPackages[need]]);
  const present = await Promise.all(wanted.map(isInstalled));
  return [...new Set(wanted.filter((_, index) => present[index] !== true).map((entry) => entry.package))];
}

async function isInstalled({ shownBy }: SystemPackage): Promise<boolean> {
  if (!isAbsolute(shownBy)) return (await findCommand(shownBy)) !== undefined;
  return await exists(shownBy);
}

/**
 * Installs what is missing with apt-get, as root or where sudo asks for no password. Throws UnsupportedError with the exact command to run
 * when it may not, or when the installation failed.
 */
export async function ensureSystemPackages(needs: readonly SystemNeed[], report: ProgressReporter): Promise<void> {
  const missing = await missingPackages(needs);
  if (missing.length === 0) return;
  const prefix = (await findCommand('apt-get')) === undefined ? undefined : await wayToRoot();
  if (prefix === undefined) {
    throw new UnsupportedError(`missing system packages; run: ${installCommand(missing)}`, { evidence: { missing } });
  }
  await report.during(`Installing ${missing.join(', ')} with apt-get`, async () => {
    await aptGet(prefix, ['update'], missing);
    await aptGet(prefix, ['install', '--yes', '--no-install-recommends', ...missing], missing);
  });
}

/** What a person runs to install them. */
export function installCommand(packages: readonly string[]): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get update && ${sudo}apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
}

/** What goes before a command so that root runs it; undefined when there is no way without a password. */
async function wayToRoot(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const { failed } = await execa('sudo', ['-n', 'true'], { reject: false });
  return failed ? undefined : ['sudo', '-n'];
}

async function aptGet(prefix: readonly string[], args: readonly string[], missing: readonly string[]): Promise<void> {
  const [file, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get'];
  const result = await execa(file, [...rest, '-o', 'DPkg::Lock::Timeout=300', ...args], {
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  if (!result.failed) return;
  throw new UnsupportedError(`could not install system packages; run: ${installCommand(missing)}`, {
    evidence: { command: result.escapedCommand, output: result.all.slice(-2_000) },
  });
}
