import { posix } from 'node:path';
import { asideDirectory, isInside, runTag } from './names.ts';

/** Names that runs give: `web-v3-1f0c22d9ab-vda.qcow2`, `console-…log`, `load-….xml`, `outgoing-….xml`, `aside/…`, `.jobs/…-copy-vda`. */
const patterns: readonly RegExp[] = [
  /-([0-9a-f]{10})-[^/]+\.qcow2(?:\.part)?$/,
  /\/(?:console|load|outgoing)-([0-9a-f]{10})\.(?:log[^/]*|xml)$/,
  /\/aside\/([0-9a-f]{10})$/,
  /\/\.jobs\/([0-9a-f]{10})-[^/.]+$/,
];

/** The tag of the run that made a file or directory; undefined for what no run names like this. */
export function tagOfFile(path: string): string | undefined {
  return patterns.map((pattern) => pattern.exec(path)?.[1]).find((tag) => tag !== undefined);
}

/** What a node's directory is compared with. */
export interface FilesInUse {
  readonly directory: string;
  /** Files that the node's domain uses. */
  readonly used: readonly string[];
  /** Runs that may own files: those that go on or own a node, and the one that loaded the node. */
  readonly runs: readonly string[];
  /** Whether what was set aside must be kept. */
  readonly kept: boolean;
}

/** Those of the paths that nobody uses: made by a run, which owns nothing any more. What lies in `aside` counts as one. */
export function strayFiles(paths: readonly string[], { directory, used, runs, kept }: FilesInUse): readonly string[] {
  const tags = new Set(runs.map(runTag));
  const aside = asideDirectory(directory);
  return paths.filter((path) => {
    const tag = tagOfFile(path);
    if (tag === undefined || used.includes(path)) return false;
    if (isInside(aside, path)) return !kept && posix.dirname(path) === aside;
    return !tags.has(tag);
  });
}
