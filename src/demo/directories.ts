import { copyFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the demo keeps its things, below the state directory. */
export interface DemoDirectories {
  readonly root: string;
  readonly library: string;
  readonly secrets: string;
  readonly world: string;
  readonly workerLog: string;
}

export async function makeDirectories(root: string): Promise<DemoDirectories> {
  const directories = {
    root,
    library: join(root, 'library'),
    secrets: join(root, 'secrets'),
    world: join(root, 'world'),
    workerLog: join(root, 'worker.log'),
  };
  for (const path of [root, directories.library, directories.secrets, directories.world, join(root, 'machines')]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  return directories;
}

/** The secrets of a worker: the key that opens the nodes, and what root on them accepts. */
export async function writeSecrets(
  directories: DemoDirectories,
  key: { privateKey: string; publicKey: string },
): Promise<void> {
  const files = { 'node-ssh-key': key.privateKey, 'authorized-keys': key.publicKey };
  for (const [name, source] of Object.entries(files)) {
    const target = join(directories.secrets, name);
    await copyFile(source, target);
    await chmod(target, 0o600);
  }
}

/** Secrets for machines that check none. */
export async function writeSimulatedSecrets(directories: DemoDirectories): Promise<void> {
  for (const name of ['node-ssh-key', 'authorized-keys']) {
    await writeFile(join(directories.secrets, name), 'simulated\n', { mode: 0o600 });
  }
}
