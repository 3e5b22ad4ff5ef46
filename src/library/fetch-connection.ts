import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import type { Fence } from '../domain/fence.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { knownHosts, sshConfig, type FetchSource } from '../remote/rsync.ts';
import { libraryPaths } from './paths.ts';

/** A source, and the private key for it. Without one the library's own host reads the files. */
export interface Connecting extends FetchSource {
  /** OpenSSH or PEM text without a passphrase; needed where the source has `ssh`. */
  readonly privateKey?: () => Promise<string>;
}

/** Beside the jobs of the transfer, and so in nobody's way when staging becomes the copy. Only the worker's account can look into it. */
export function connectionDirectory(place: LibraryPlace, fence: Fence): string {
  return posix.join(libraryPaths(place).jobs(fence.owner), '.connection');
}

/** Writes what ssh needs for the way to the source: its settings, the host keys, the key (0600). A job outlives the worker, so it lies in files. */
export async function writeConnection(
  place: LibraryPlace,
  fence: Fence,
  source: Connecting,
  context: CallContext,
): Promise<void> {
  const directory = connectionDirectory(place, fence);
  const options = { signal: context.signal, timeoutMs: 60_000 };
  await place.shell.run('mkdir', ['-p', '-m', '0700', '--', directory], options);
  if (source.ssh === undefined) return;
  const key = (await source.privateKey?.()) ?? '';
  await place.shell.upload(sshConfig(source.ssh), posix.join(directory, 'config'), options);
  await place.shell.upload(knownHosts(source.ssh), posix.join(directory, 'known_hosts'), options);
  await place.shell.upload(key.endsWith('\n') ? key : `${key}\n`, posix.join(directory, 'key'), options);
}

/** Of nothing: success. */
export async function forgetConnection(place: LibraryPlace, fence: Fence, context: CallContext): Promise<void> {
  const options = { signal: context.signal, timeoutMs: 60_000 };
  await place.shell.run('rm', ['-rf', '--', connectionDirectory(place, fence)], options);
}
