import type { FileSystemState } from '../domain/disk-files.ts';

/** What `stat` says of a path: what it is, and where a symbolic link leads when its inode says so. */
export interface ExtInode {
  readonly type: 'regular' | 'directory' | 'symlink' | 'other';
  readonly target?: string;
}

/** Reads the answer to `stat`; undefined when it describes nothing. */
export function parseInode(output: string): ExtInode | undefined {
  const type = /^Inode: \d+ +Type: (.+?) +Mode:/m.exec(output)?.[1];
  if (type === undefined) return undefined;
  const target = /^Fast link dest: "(.*)"$/m.exec(output)?.[1];
  if (type === 'symlink') return { type, ...(target === undefined ? {} : { target }) };
  return { type: type === 'regular' || type === 'directory' ? type : 'other' };
}

/** Names in the answer to `ls -p`: `/inode/mode/uid/gid/name/size/` a line. */
export function parseNames(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('/'))
    .map((line) => line.split('/'))
    .filter(([, inode]) => inode !== '0')
    .map((fields) => fields[5] ?? '')
    .filter((name) => name !== '' && name !== '.' && name !== '..');
}

/**
 * Reads the answer to `show_super_stats -h` (times in UTC); undefined when it is not one. A journal that needs recovery is not clean, even where
 * the state says so.
 */
export function parseSuperblock(output: string): FileSystemState | undefined {
  const fields = new Map(output.split('\n').flatMap(readField));
  const state = fields.get('Filesystem state');
  if (state === undefined) return undefined;
  const features = featuresOf(fields);
  const mounted = parseTime(fields.get('Last mount time'));
  const mountCount = Number(fields.get('Mount count'));
  return {
    type: typeOf(features),
    clean: state === 'clean' && !features.includes(needsRecoveryFeature),
    ...(mounted === undefined ? {} : { lastMounted: mounted }),
    ...(Number.isInteger(mountCount) ? { mountCount } : {}),
  };
}

/** Whether the answer to `show_super_stats -h` says that what the journal holds is not where it belongs yet. */
export function needsRecovery(output: string): boolean {
  return featuresOf(new Map(output.split('\n').flatMap(readField))).includes(needsRecoveryFeature);
}

const needsRecoveryFeature = 'needs_recovery';

function featuresOf(fields: ReadonlyMap<string, string>): readonly string[] {
  return (fields.get('Filesystem features') ?? '').split(/\s+/);
}

function readField(line: string): [string, string][] {
  const found = /^([A-Za-z][^:]*):\s*(.*)$/.exec(line);
  return found === null ? [] : [[found[1] ?? '', (found[2] ?? '').trim()]];
}

function typeOf(features: readonly string[]): string {
  if (features.includes('extent') || features.includes('extents')) return 'ext4';
  return features.includes('has_journal') ? 'ext3' : 'ext2';
}

/** `Sun Nov 22 16:28:46 2026`; `n/a` when it was never mounted. */
function parseTime(text: string | undefined): string | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(`${text} UTC`);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
