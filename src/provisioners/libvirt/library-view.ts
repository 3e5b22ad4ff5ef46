import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer, Problem } from '../../domain/computer.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import { type LibvirtDeps, type LibvirtNode, onHost } from './node.ts';
import { readSettings } from './settings.ts';
import { findText } from './staging.ts';

/** The host's own library, when the computer's settings give it one. */
export function ownLibrary(deps: LibvirtDeps, computer: Computer): LibraryPlace | undefined {
  const { host, library } = readSettings(computer);
  if (typeof library === 'string' || !('own' in library)) return undefined;
  return { ...library.own, shell: deps.shellFor(host) };
}

/**
 * Proves that the host of the domain sees the library where the settings say: writes a file with a number used once in the library and
 * reads it on the host. Leaves nothing behind.
 */
export async function libraryProblems(
  node: LibvirtNode,
  library: LibraryPlace,
  context: CallContext,
): Promise<readonly Problem[]> {
  const nonce = randomUUID();
  const path = posix.join(library.root, '.nonces', nonce);
  const seenAt = onHost(node, library, path);
  const options = { signal: context.signal, timeoutMs: 30_000 };
  await library.shell.run('mkdir', ['-p', '-m', '0711', '--', posix.dirname(path)], options);
  // Readable for all: the host's account may be another one, as on a share that maps root to nobody.
  await library.shell.upload(nonce, path, { ...options, mode: 0o644 });
  try {
    const seen = await findText(node, seenAt, context);
    if (seen === nonce) return [];
    const problem = `${node.shell.host} does not see the library ${library.name} at ${posix.dirname(posix.dirname(seenAt))}`;
    return [{ where: 'settings.library', problem }];
  } finally {
    await library.shell.run('rm', ['-f', '--', path], options);
  }
}
