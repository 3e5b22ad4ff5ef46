import type { CallContext } from '../domain/call-context.ts';
import type { FileSystemState } from '../domain/disk-files.ts';
import type { Shell } from '../remote/shell.ts';
import { needsRecovery, parseInode, parseSuperblock } from './debugfs-output.ts';
import { askDebugfs, isMissing, quoted, type ExtFileSystem } from './debugfs.ts';
import { recognizeFileSystem, SIGNATURE_BYTES } from './file-system-type.ts';
import { parsePartitions, PARTITION_TABLE_BYTES, type Partition } from './partitions.ts';

export interface RootFileSystem extends ExtFileSystem {
  /** Of the root file system; `clean` only when every ext file system of the disk is. */
  readonly state: FileSystemState;
  /** Its journal was not replayed: what its files hold is not yet where it belongs. */
  readonly needsRecovery: boolean;
}

/** What the search found: the root file system, or what there is instead. */
export interface FoundRoot {
  readonly root?: RootFileSystem;
  /** What the partitions hold, in words. */
  readonly types: readonly string[];
}

/** One of these is on every root file system, and on no other. */
const ROOT_MARKS = ['/etc/fstab', '/etc/os-release', '/sbin/init', '/usr/sbin/init', '/usr/lib/systemd/systemd'];
const LOOK = { limitBytes: 64 * 1024, withoutBitmaps: true } as const;

/** What one partition holds, as debugfs sees it. */
interface SeenPartition extends Partition {
  /** Absent when debugfs can read no ext file system there. */
  readonly state?: FileSystemState;
  readonly isRoot: boolean;
  readonly needsRecovery: boolean;
  /** What debugfs complained of, but for names that are not there. */
  readonly complaint: string;
}

/** A raw disk to search. */
export interface DiskToSearch {
  readonly path: string;
  /** Where file systems may begin beside those that the partition table names. */
  readonly volumes: readonly Partition[];
}

/** Finds the file system with an init or /etc/fstab among the partitions of a raw disk. Reads only. */
export async function findRoot(
  shell: Shell,
  { path: disk, volumes }: DiskToSearch,
  context: CallContext,
): Promise<FoundRoot> {
  const head = await readBytes(shell, { disk, offset: 0, count: PARTITION_TABLE_BYTES }, context);
  const seen: SeenPartition[] = [];
  for (const partition of withVolumes(parsePartitions(head), volumes)) {
    seen.push(await lookInto(shell, disk, partition, context));
  }
  const root = seen.find(({ isRoot }) => isRoot);
  if (root?.state === undefined) return { types: await recognizeAll(shell, disk, seen, context) };
  const clean = seen.every(({ state }) => state?.clean ?? true);
  const { offset, needsRecovery } = root;
  return { root: { disk, offset, needsRecovery, state: { ...root.state, clean } }, types: [] };
}

/** Each place once, under the number that the table gives it. */
function withVolumes(partitions: readonly Partition[], volumes: readonly Partition[]): readonly Partition[] {
  const known = new Set(partitions.map(({ offset }) => offset));
  return [...partitions, ...volumes.filter(({ offset }) => !known.has(offset))];
}

async function lookInto(
  shell: Shell,
  disk: string,
  partition: Partition,
  context: CallContext,
): Promise<SeenPartition> {
  const at = { disk, offset: partition.offset };
  const { output, complaint } = await askDebugfs(shell, at, { text: 'show_super_stats -h', ...LOOK }, context);
  const seen = { ...partition, needsRecovery: needsRecovery(output) };
  const state = parseSuperblock(output);
  if (state === undefined) return { ...seen, isRoot: false, complaint };
  return { ...seen, state, ...(await lookForMarks(shell, at, context)) };
}

async function lookForMarks(
  shell: Shell,
  at: ExtFileSystem,
  context: CallContext,
): Promise<Pick<SeenPartition, 'isRoot' | 'complaint'>> {
  const complaints = new Set<string>();
  for (const path of ROOT_MARKS) {
    const request = { text: `stat ${quoted(path)}`, ...LOOK };
    const { output, complaint } = await askDebugfs(shell, at, request, context);
    if (parseInode(output) !== undefined) return { isRoot: true, complaint: '' };
    if (complaint !== '' && !isMissing(complaint)) complaints.add(complaint);
  }
  return { isRoot: false, complaint: [...complaints].join('; ') };
}

async function recognizeAll(
  shell: Shell,
  disk: string,
  partitions: readonly SeenPartition[],
  context: CallContext,
): Promise<readonly string[]> {
  const types: string[] = [];
  for (const { number, offset, complaint } of partitions) {
    const head = await readBytes(shell, { disk, offset, count: SIGNATURE_BYTES }, context);
    const type = recognizeFileSystem(head);
    if (type === undefined) continue;
    const where = number === 0 ? 'the whole disk' : `partition ${String(number)}`;
    // Only of ext, which debugfs should have read, its complaint is of use.
    const why = complaint === '' || !type.startsWith('ext') ? '' : ` (${complaint.slice(0, 300)})`;
    types.push(`${type} on ${where}${why}`);
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
