import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeDigests } from './workflow-code.ts';

/** The histories that were kept when a version was released. They are never recorded anew. */
export interface ReleasedSet {
  readonly version: string;
  /** The code of every workflow as it was released: its histories were recorded with it. */
  readonly code: CodeDigests;
  /** Workflows of which the set has histories: those whose code no earlier set had. */
  readonly workflows: readonly string[];
}

/** Below `replay` (test/replay) the set of each released version that is kept. */
export async function readReleased(replay: string): Promise<readonly ReleasedSet[]> {
  const versions = await foldersIn(join(replay, 'released'));
  return await Promise.all(
    versions.map(async (version) => ({ version, ...(await readSet(join(replay, 'released', version))) })),
  );
}

/** With which code the histories of a folder were recorded, and of which workflows there are any. */
export async function readSet(folder: string): Promise<Omit<ReleasedSet, 'version'>> {
  const code = JSON.parse(await readFile(join(folder, 'code.json'), 'utf8')) as CodeDigests;
  const workflows: string[] = [];
  for (const name of await foldersIn(folder)) {
    if ((await readdir(join(folder, name))).some((file) => file.endsWith('.json'))) workflows.push(name);
  }
  return { code, workflows };
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** Whether a set keeps histories that were recorded with this code of the workflow. */
export function keepsCode(set: ReleasedSet, workflow: string, digest: string): boolean {
  return set.code[workflow] === digest && set.workflows.includes(workflow);
}
