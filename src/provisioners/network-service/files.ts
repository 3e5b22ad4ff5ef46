import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { Shell } from '../../remote/shell.ts';

const TRANSFER_MS = 30_000;

/** Writes a text so that it is never seen half-written; only its owner reads it. Its directory must be there. */
export async function writeText(shell: Shell, path: string, text: string, context: CallContext): Promise<void> {
  await shell.upload(text, path, { signal: context.signal, timeoutMs: TRANSFER_MS, mode: 0o600 });
}

/** A file's text; undefined when there is none. */
export async function findText(shell: Shell, path: string, context: CallContext): Promise<string | undefined> {
  try {
    const bytes = await shell.download(path, { signal: context.signal, timeoutMs: TRANSFER_MS });
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** A run's own directory in that of its node, under ten digits of its SHA-256; the same for every attempt of it. */
export function runDirectory(directory: string, owner: string): string {
  return posix.join(directory, 'runs', createHash('sha256').update(owner).digest('hex').slice(0, 10));
}
