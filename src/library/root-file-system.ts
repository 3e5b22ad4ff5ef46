import type { CallContext } from '../domain/call-context.ts';
import type { FileSystemState } from '../domain/disk-files.ts';
import type { Shell } from '../remote/shell.ts';
import { parseInode, parseSuperblock } from './debugfs-output.ts';
import { askDebugfs, quoted, type ExtFileSystem } from './debugfs.ts';
import { recognizeFileSystem, SIGNATURE_BYTES } from './file-system-type.ts';
import { parsePartitions, PARTITION_TABLE_BYTES, type Partition } from './partitions.ts';

export interface RootFileSystem extends ExtFileSystem {
  /** Of the root file system; `clean` only when every ext file system of the disk is. */
  readonly state: FileSystemState;
}

/** What the search found: the root file system, or what there is instead. */
export interface FoundRoot {
  readonly root?: RootFileSystem;
  /** What the partitions hold, in words. */
  readonly types: readonly string[];
}

/** One of these is on every root file system, and on no other. */
const ROOT_MARKS = ['/etc/fstab', '/etc/os-release', '/sbin/init', '/usr/sbin/init', '/usr/lib/systemd/systemd'];
const ANSWER_BYTES = 64 * 1024;

/** Finds the file system with an init or /etc/fstab among the partitions of a raw disk. Reads only. */
export async function findRoot(shell: Shell, disk: string, context: CallContext): Promise<FoundRoot> {
  const head = await readBytes(shell, { disk, offset: 0, count: PARTITION_TABLE_BYTES }, context);
  const partitions = parsePartitions(head);
  const candidates: RootFileSystem[] = [];
  for (const { offset } of partitions) {
    const state = await readState(shell, { disk, offset }, context);
    if (state !== undefined) candidates.push({ disk, offset, state });
  }
  for (const candidate of candidates) {
    if (!(await hasRootMark(shell, candidate, context))) continue;
    const clean = candidates.every(({ state }) => state.clean);
    return { root: { ...candidate, state: { ...candidate.state, clean } }, types: [] };
  }
  return { types: await recognizeAll(shell, disk, partitions, context) };
}

async function readState(shell: Shell, at: ExtFileSystem, context: CallContext): Promise<FileSystemState | undefined> {
  const request = { text: 'show_super_stats -h', limitBytes: ANSWER_BYTES };
  return parseSuperblock((await askDebugfs(shell, at, request, context)).output);
}

async function hasRootMark(shell: Shell, at: ExtFileSystem, context: CallContext): Promise<boolean> {
  for (const path of ROOT_MARKS) {
    const request = { text: `stat ${quoted(path)}`, limitBytes: ANSWER_BYTES };
    if (parseInode((await askDebugfs(shell, at, request, context)).output) !== undefined) return true;
  }
  return false;
}

async function recognizeAll(
  shell: Shell,
  disk: string,
  partitions: readonly Partition[],
  context: CallContext,
): Promise<readonly string[]> {
  const types: string[] = [];
  for (const { number, offset } of partitions) {
    const head = await readBytes(shell, { disk, offset, count: SIGNATURE_BYTES }, context);
    const type = recognizeFileSystem(head);
    if (type !== undefined)
      types.push(number === 0 ? `${type} on the whole disk` : `${type} on partition ${String(number)}`);
  }
  return types;
}

async function readBytes(
  shell: Shell,
  range: { readonly disk: string; readonly offset: number; readonly count: number },
  context: CallContext,
): Promise<Buffer> {
  const args = ['-An', '-v', '-tx1', '-j', String(range.offset), '-N', String(range.count), '--', range.disk];
  // A table that points behind the disk's end is answered with status 1 and nothing.
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const result = await shell.run('od', args, options);
  return Buffer.from(result.stdout.replace(/\s/g, ''), 'hex');
}
