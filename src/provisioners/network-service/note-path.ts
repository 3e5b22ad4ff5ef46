import { posix } from 'node:path';

/** The file on the host that names what the latest load brought. */
export function notePath(directory: string): string {
  return posix.join(directory, 'loaded.json');
}
