import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { IntegrityError } from '../../domain/errors.ts';
import type { ArchiveEntry } from './archive.ts';

/** Arguments of programs that are not asked for their version. */
const ODD: Readonly<Record<string, readonly string[]>> = {
  '/bin/busybox': ['true'],
  // With all modules that it names.
  '/usr/bin/perl': ['-c', '/imprint/move.pl'],
  '/usr/bin/ssh-keygen': ['-l', '-f', '/etc/passwd'],
  '/usr/bin/openssl': ['version'],
  '/sbin/dumpe2fs': ['-V'],
  '/sbin/e2fsck': ['-V'],
  '/sbin/resize2fs': ['-h'],
  '/usr/sbin/xfs_growfs': ['-V'],
  '/sbin/ntfsresize': ['-V'],
  '/sbin/lvm': ['version'],
};

/** Statuses of a program that was not found, could not be started, or was ended by a signal; and Perl's of one that does not compile. */
const BROKEN = new Set([126, 127, 132, 134, 135, 136, 137, 139, 255]);

/** Runs every program of the environment inside its own files. IntegrityError names each one that does not start, and what it says. */
export async function testEnvironment(
  entries: readonly ArchiveEntry[],
  programs: readonly string[],
  scratch: string,
): Promise<void> {
  try {
    for (const entry of entries) if (!entry.path.startsWith('lib/modules')) await place(entry, scratch);
    const faults = (await Promise.all(programs.map(async (program) => await faultOf(program, scratch)))).flat();
    if (faults.length === 0) return;
    throw new IntegrityError(`check the imaging environment: ${faults.join('; ')}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function place({ path, kind, content, executable }: ArchiveEntry, root: string): Promise<void> {
  const target = join(root, path);
  await mkdir(kind === 'directory' ? target : dirname(target), { recursive: true });
  if (kind === 'link') await symlink(content.toString(), target);
  if (kind === 'file') await writeFile(target, content, { mode: executable ? 0o755 : 0o644 });
}

async function faultOf(program: string, root: string): Promise<readonly string[]> {
  const args = program.includes('partclone.') ? ['-v'] : (ODD[program] ?? ['--version']);
  const result = await execa('chroot', [root, program, ...args], {
    reject: false,
    timeout: 60_000,
    env: { LC_ALL: 'C' },
  });
  const isMissing = /error while loading shared libraries|Can't locate|cannot open shared object/.test(result.stderr);
  if (result.exitCode !== undefined && !BROKEN.has(result.exitCode) && !isMissing) return [];
  return [`${program} ended with ${String(result.exitCode ?? result.signal)}: ${result.stderr.slice(0, 200)}`];
}
