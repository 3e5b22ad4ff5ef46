import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { convertToQcow2, copyKernel, makeDisk } from './guest/disk.ts';
import { guestFiles } from './guest/files.ts';
import { guestRecipe, guestRootUuid, recipeId, type GuestRecipe } from './guest/recipe.ts';
import { makeRootFileSystem } from './guest/root-file-system.ts';
import { checkGuestBuildTools } from './guest/tools.ts';
import { withStartLock } from './start-lock.ts';

/** How long another process may take to build the same image: one that downloads slowly. */
const BUILD_MS = 30 * 60_000;

export interface GuestImageRequest {
  /** Where image and keys are kept. A second call with the same directory and recipe returns at once. */
  readonly directory: string;
  /** Called with a sentence whenever another part of the work begins. */
  report(line: string): void;
}

/** Absolute paths. */
export interface GuestImage {
  /** A sealed base image in qcow2 without a backing file; read-only. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** OpenSSH key (ed25519, no passphrase) that root of the guest accepts; mode 0600. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * Builds a small Debian 12 guest, or finds the one that was built from the same recipe. About a minute and a half on a slow machine. Safe
 * to call from several processes at once, and after any cut. Throws UnsupportedError that names missing packages.
 */
export async function buildGuestImage({ directory, report }: GuestImageRequest): Promise<GuestImage> {
  await mkdir(directory, { recursive: true });
  return await withStartLock(join(directory, 'guest.lock'), BUILD_MS, async () => {
    const key = await ensureKey(directory);
    const recipe = guestRecipe(guestFiles(guestRootUuid, await readFile(`${key}.pub`, 'utf8')));
    const home = join(directory, `guest-${recipeId(recipe)}`);
    if (!(await exists(home))) await build(recipe, home, report);
    return imageIn(home, key);
  });
}

function imageIn(home: string, key: string): GuestImage {
  return {
    disk: join(home, 'disk.qcow2'),
    kernel: join(home, 'vmlinuz'),
    initrd: join(home, 'initrd.img'),
    privateKey: key,
    publicKey: `${key}.pub`,
  };
}

async function build(recipe: GuestRecipe, home: string, report: (line: string) => void): Promise<void> {
  await checkGuestBuildTools();
  const partial = `${home}.partial`;
  const root = join(partial, 'root');
  const raw = join(partial, 'disk.raw');
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  report(`Installing Debian ${recipe.suite} for the guest (about a minute)`);
  await makeRootFileSystem(recipe, root);
  report("Making the guest's disk");
  await makeDisk(recipe, root, raw);
  await copyKernel(root, partial);
  await convertToQcow2(raw, join(partial, 'disk.qcow2'));
  await Promise.all([root, raw].map((path) => rm(path, { recursive: true, force: true })));
  await execa('chmod', ['0444', join(partial, 'disk.qcow2')]);
  await rename(partial, home);
  report('The guest image is ready');
}

async function ensureKey(directory: string): Promise<string> {
  const key = join(directory, 'guest-key');
  if (!(await exists(key)) || !(await exists(`${key}.pub`))) {
    await Promise.all([key, `${key}.pub`].map((path) => rm(path, { force: true })));
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'imprint', '-f', key]);
  }
  return key;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
