import { UnsupportedError } from '../domain/errors.ts';

/** UnsupportedError, before anything is touched, where namespaces cannot be made. */
export function requireRoot(system: string): void {
  if (process.getuid?.() === 0) return;
  throw new UnsupportedError(`the demo of ${system} makes namespaces: run it as root`);
}
