import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepsCode, readReleased, readSet } from './released.ts';
import type { CodeDigests } from './workflow-code.ts';

/**
 * Keeps the present histories below `replay` (test/replay) as those of a released version, for good. What an earlier set keeps already is not kept
 * twice. Throws when the version is kept, or when histories were recorded with other code than that which is released, `present`.
 */
export async function keepReleased(replay: string, version: string, present: CodeDigests): Promise<void> {
  const sets = await readReleased(replay);
  if (sets.some((set) => set.version === version)) throw new Error(`the histories of ${version} are kept already`);
  const { code, workflows } = await readSet(join(replay, 'histories'));
  const stale = Object.entries(present).flatMap(([name, digest]) =>
    code[name] === digest && workflows.includes(name) ? [] : [name],
  );
  if (stale.length > 0) {
    throw new Error(`not recorded with the code of ${version}: ${stale.join(', ')}; npm run histories:record first`);
  }
  const target = join(replay, 'released', version);
  await mkdir(target, { recursive: true });
  for (const [name, digest] of Object.entries(present)) {
    if (sets.some((set) => keepsCode(set, name, digest))) continue;
    await cp(join(replay, 'histories', name), join(target, name), { recursive: true });
  }
  await writeFile(join(target, 'code.json'), formatCode(present));
}

/** One workflow a line. */
export function formatCode(code: CodeDigests): string {
  return `${JSON.stringify(code, undefined, 2)}\n`;
}
