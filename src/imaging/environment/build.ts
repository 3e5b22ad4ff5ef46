import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { UnsupportedError } from '../../domain/errors.ts';
import { makeArchive } from './archive.ts';
import { agentFiles, environmentContents } from './contents.ts';
import { kernelVersion } from './modules.ts';
import { environmentRecipe, type EnvironmentRecipe } from './recipe.ts';
import { testEnvironment } from './self-test.ts';
import { readInside, unpackPackages } from './stage.ts';

/** Kernel and initramfs on this host. */
export interface BuiltEnvironment {
  /** Hexadecimal; of both files. */
  readonly digest: string;
  /** Absolute paths. */
  readonly kernel: string;
  readonly initrd: string;
  readonly kernelVersion: string;
  readonly initrdBytes: number;
}

/** The agent's files lie beside this one, in the source as in the built package. */
const agentDirectory = fileURLToPath(new URL('agent/', import.meta.url));

/**
 * The environment of this recipe and these agent files, from `directory` or built into it: half a minute of downloads and as long for packing. UnsupportedError for
 * anybody but root. Two builds at once do not meet: the second one's work is thrown away.
 */
export async function ensureEnvironment(directory: string): Promise<BuiltEnvironment> {
  const place = join(directory, await inputsDigest(environmentRecipe));
  return (await readBuilt(place)) ?? (await build(environmentRecipe, place));
}

/** Builds it anew, with what Debian has today, and puts it in the place of the one before. */
export async function rebuildEnvironment(directory: string): Promise<BuiltEnvironment> {
  return await build(environmentRecipe, join(directory, await inputsDigest(environmentRecipe)));
}

async function inputsDigest(recipe: EnvironmentRecipe): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  for (const { path, content } of await agentFiles(agentDirectory)) hash.update(`\0${path}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}

const files = ['kernel', 'initrd', 'environment.json'] as const;

/** Undefined where there is none, or one that is not what was built. */
async function readBuilt(place: string): Promise<BuiltEnvironment | undefined> {
  const [kernel, initrd, facts] = files.map((name) => join(place, name)) as [string, string, string];
  try {
    const known = JSON.parse(await readFile(facts, 'utf8')) as Omit<BuiltEnvironment, 'kernel' | 'initrd'>;
    const isWhole = await isProved(place, [kernel, initrd], known.digest);
    return isWhole ? { ...known, kernel, initrd } : undefined;
  } catch {
    return undefined;
  }
}

/** By its place: the digest that was found, and of which files. */
const proved = new Map<string, string>();

/** Reads the files only when they are not those that this process has read before: a machine that boots asks three times. */
async function isProved(place: string, paths: readonly [string, string], digest: string): Promise<boolean> {
  const [kernel, initrd] = paths;
  const stats = await Promise.all(paths.map(async (path) => await stat(path)));
  const seen = [digest, ...stats.map(({ ino, size, mtimeMs }) => [ino, size, mtimeMs].join(':'))].join(' ');
  if (proved.get(place) === seen) return true;
  if (digestOf(await readFile(kernel), await readFile(initrd)) !== digest) return false;
  proved.set(place, seen);
  return true;
}

function digestOf(kernel: Uint8Array, initrd: Uint8Array): string {
  return createHash('sha256').update(kernel).update(initrd).digest('hex').slice(0, 32);
}

async function build(recipe: EnvironmentRecipe, place: string): Promise<BuiltEnvironment> {
  if (process.getuid?.() !== 0)
    throw new UnsupportedError('build the imaging environment: only root may unpack packages with their owners');
  const work = `${place}.${String(process.pid)}.${String(Date.now())}`;
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    const output = join(work, 'output');
    await mkdir(output, { mode: 0o755 });
    await make(recipe, work, output);
    await execa('sync', [...files.map((name) => join(output, name)), output]);
    await rm(place, { recursive: true, force: true });
    await rename(output, place);
  } catch (error) {
    const other = await readBuilt(place);
    if (other === undefined) throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const built = await readBuilt(place);
  if (built === undefined)
    throw new UnsupportedError(`build the imaging environment: ${place} is not what was written`);
  return built;
}

async function make(recipe: EnvironmentRecipe, work: string, output: string): Promise<void> {
  const stage = join(work, 'stage');
  await unpackPackages(recipe, stage);
  const entries = await environmentContents(recipe, { stage, agent: agentDirectory, scratch: join(work, 'modules') });
  await testEnvironment(entries, ['/bin/busybox', ...recipe.programs], join(work, 'test'));
  const archive = join(work, 'initrd.cpio');
  await writeFile(archive, makeArchive(entries));
  // One thread: with several the bytes depend on their number.
  await execa('zstd', ['-q', '-12', '--single-thread', '--no-progress', archive, '-o', join(output, 'initrd')]);
  const version = await kernelVersion(stage);
  const kernel = await readInside(stage, `/boot/vmlinuz-${version}`);
  await writeFile(join(output, 'kernel'), kernel);
  const initrd = await readFile(join(output, 'initrd'));
  const facts = { digest: digestOf(kernel, initrd), kernelVersion: version, initrdBytes: initrd.length };
  await writeFile(join(output, 'environment.json'), `${JSON.stringify(facts)}\n`);
}
