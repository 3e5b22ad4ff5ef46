import { chmod } from 'node:fs/promises';
import { execa } from 'execa';

/** Makes a directory read-only; the answer undoes it. Root may write everywhere but on a file system that is mounted so. */
export async function makeReadOnly(path: string): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) {
    await chmod(path, 0o500);
    return async () => await chmod(path, 0o700);
  }
  await execa('mount', ['--bind', path, path]);
  await execa('mount', ['-o', 'remount,bind,ro', path]);
  return async () => {
    await execa('umount', [path]);
  };
}
