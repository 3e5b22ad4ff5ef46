import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Where system commands lie that the PATH of an ordinary user lacks. */
const systemDirectories = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The absolute path of a command in PATH or among the system's commands; undefined when it is not installed. */
export async function findCommand(name: string, extraDirectories: readonly string[] = []): Promise<string | undefined> {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  for (const directory of [...path, ...systemDirectories, ...extraDirectories]) {
    const candidate = join(directory, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
