import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import type { DiskFiles } from '../domain/disk-files.ts';
import { CommandFailedError, IntegrityError, UnsupportedError } from '../domain/errors.ts';
import type { Shell } from '../remote/shell.ts';
import { parseInode, parseNames, type ExtInode } from './debugfs-output.ts';
import { askDebugfs, isMissing, quoted, type DebugfsAnswer, type ExtFileSystem } from './debugfs.ts';
import type { RootFileSystem } from './root-file-system.ts';

const DEFAULT_LIMIT_BYTES = 1024 ** 2;
/** Large directories (a mail spool) have some hundred thousand names. */
const LIST_LIMIT_BYTES = 8 * 1024 ** 2;
const INODE_LIMIT_BYTES = 64 * 1024;
/** As Linux does before it says "too many levels of symbolic links". */
const MOST_LINKS = 40;

const NO_DIRECTORY = /Ext2 inode is not a directory/;

/** Reads an ext file system by debugfs. Symbolic links lead inside the disk only. */
export function openExtFiles(shell: Shell, root: RootFileSystem, context: CallContext): DiskFiles {
  const reader = { shell, fileSystem: root, context };
  return {
    read: async (path, limitBytes = DEFAULT_LIMIT_BYTES) => {
      const found = await resolve(reader, path);
      if (found?.inode.type !== 'regular') return undefined;
      return (await ask(reader, `cat ${quoted(found.path)}`, limitBytes)).output;
    },
    list: async (path) => {
      const found = await resolve(reader, path);
      if (found?.inode.type !== 'directory') return undefined;
      return parseNames((await ask(reader, `ls -p ${quoted(found.path)}`, LIST_LIMIT_BYTES)).output);
    },
    fileSystem: async () => root.state,
  };
}

/** For a disk whose root file system could not be found: says so of every question about files. */
export function unreadableFiles(file: string, types: readonly string[]): DiskFiles {
  const found = types.length === 0 ? 'nothing that is known' : types.join(', ');
  const refuse = async (path: string): Promise<never> => {
    throw new UnsupportedError(
      `look for ${path} in ${file}: expected a root file system of ext2, ext3 or ext4, found ${found}`,
    );
  };
  return { read: refuse, list: refuse, fileSystem: async () => ({ type: found, clean: false }) };
}

interface Reader {
  readonly shell: Shell;
  readonly fileSystem: ExtFileSystem;
  readonly context: CallContext;
}

interface Found {
  readonly path: string;
  readonly inode: ExtInode;
}

/** Follows symbolic links at the path's end; those within it debugfs follows itself. */
async function resolve(reader: Reader, path: string): Promise<Found | undefined> {
  let current = posix.normalize(path);
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const answer = await ask(reader, `stat ${quoted(current)}`, INODE_LIMIT_BYTES);
    const inode = parseInode(answer.output);
    if (inode === undefined) return undefined;
    if (inode.type !== 'symlink') return { path: current, inode };
    const target = inode.target ?? (await ask(reader, `cat ${quoted(current)}`, INODE_LIMIT_BYTES)).output;
    current = posix.resolve(posix.dirname(current), target);
  }
  throw new IntegrityError(`look up ${path} on the disk: too many symbolic links`);
}

/** The answer; empty when what was asked for does not exist. Any other complaint is an error: silence must not pass for absence. */
async function ask(reader: Reader, text: string, limitBytes: number): Promise<DebugfsAnswer> {
  const answer = await askDebugfs(reader.shell, reader.fileSystem, { text, limitBytes }, reader.context);
  if (answer.complaint === '') return answer;
  if (isMissing(answer.complaint) || NO_DIRECTORY.test(answer.complaint))
    return { output: '', complaint: answer.complaint };
  throw new CommandFailedError(`ask debugfs to ${text}`, { evidence: { complaint: answer.complaint.slice(0, 500) } });
}
