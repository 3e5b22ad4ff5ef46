import { createHash } from 'node:crypto';
import { lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConflictError } from '../domain/errors.ts';

/** The directories of a private daemon. */
export interface LibvirtPlaces {
  /** Definitions, logs and caches; inside the state directory. */
  readonly home: string;
  /** A short path for sockets: the kernel limits theirs to 107 characters, and a state directory may lie deep. */
  readonly sockets: string;
}

/**
 * Of the emulator: no control groups and no security driver, since a laptop or a container may have neither; consoles are written by QEMU
 * itself, so no virtlogd is needed; files keep their owner, since several machines read the same image. As root the machines run as root
 * too, since the state directory is open to its owner only.
 */
export function qemuConfiguration(asRoot: boolean): string {
  return [
    'cgroup_controllers = []',
    'security_driver = "none"',
    'stdio_handler = "file"',
    'namespaces = []',
    'dynamic_ownership = 0',
    'remember_owner = 0',
    ...(asRoot ? ['user = "root"', 'group = "root"'] : []),
    '',
  ].join('\n');
}

/** Of the daemon: its sockets are reachable for its own user only, and being that user is all the authentication. */
export function daemonConfiguration(sockets: string): string {
  return [
    `unix_sock_dir = "${sockets}"`,
    'unix_sock_ro_perms = "0700"',
    'unix_sock_rw_perms = "0700"',
    'auth_unix_ro = "none"',
    'auth_unix_rw = "none"',
    '',
  ].join('\n');
}

/** Makes the directories and writes the configuration. The same at every call. */
export async function prepareLibvirtPlaces(home: string): Promise<LibvirtPlaces> {
  const sockets = await ownSocketDirectory(home);
  const configuration = join(home, 'etc', 'libvirt');
  for (const directory of [configuration, ...['run', 'lib', 'log', 'cache'].map((name) => join(home, name))]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  await writeFile(join(configuration, 'qemu.conf'), qemuConfiguration(process.getuid?.() === 0));
  await writeFile(join(configuration, 'libvirtd.conf'), daemonConfiguration(sockets));
  await linkConfiguration(join(home, 'etc'), join(sockets, 'c'));
  return { home, sockets };
}

/** Its name follows from the state directory, so that each clone has its own and finds it again. */
async function ownSocketDirectory(home: string): Promise<string> {
  const root = process.getuid?.() === 0 ? '/run' : (process.env['XDG_RUNTIME_DIR'] ?? tmpdir());
  const directory = join(root, `imprint-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await lstat(directory);
  // In a directory that everybody may write to, somebody else may have been there first.
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new ConflictError(`could not use ${directory} for sockets: it is not a directory of ours alone`);
  }
  return directory;
}

/** A session daemon keeps sockets below its configuration directory: it gets there by a short name. */
async function linkConfiguration(target: string, link: string): Promise<void> {
  await symlink(target, link).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}
