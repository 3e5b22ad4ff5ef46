import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own that a test can fill. */
export interface SmallDisk {
  /** Where it is mounted: the library's directory. */
  readonly path: string;
  /** Writes until not one more byte fits. */
  fill(): void;
  empty(): void;
  unmount(): void;
}

const reason = 'a file system cannot be mounted here (that takes root and a loop device)';

/** An ext4 of `mebibytes` mounted by loop at `<directory>/library`; a text that says why where that cannot be done. */
export function mountSmallDisk(directory: string, mebibytes: number): SmallDisk | string {
  const [image, path] = [join(directory, 'library.ext4'), join(directory, 'library')];
  const ballast = join(path, '.ballast');
  mkdirSync(path, { recursive: true });
  try {
    closeSync(openSync(image, 'w'));
    truncateSync(image, mebibytes * 1024 ** 2);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'ignore' });
  } catch {
    return reason;
  }
  const unmount = (): void => {
    process.off('exit', unmount);
    execFileSync('umount', ['-l', path], { stdio: 'ignore' });
  };
  process.once('exit', unmount);
  return {
    path,
    fill: () => writeUntilFull(ballast),
    empty: () => rmSync(ballast, { force: true }),
    unmount,
  };
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'a');
  try {
    let bytes = 1024 ** 2;
    while (bytes >= 1) if (!fits(file, bytes)) bytes = Math.floor(bytes / 2);
  } finally {
    closeSync(file);
  }
}

function fits(file: number, bytes: number): boolean {
  try {
    writeSync(file, Buffer.alloc(bytes));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
