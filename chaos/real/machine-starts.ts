import { readFile } from 'node:fs/promises';
import type { RealStage } from './real-stage.ts';

/** When the node's machine was started, as libvirt's log of it says, in milliseconds since 1970. None before the first. */
export async function startsOf({ vm }: Pick<RealStage, 'vm'>, node: string): Promise<readonly number[]> {
  try {
    return parseStarts(await readFile(vm.machineLogOf(node), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** libvirt 9: `2026-11-23 02:34:19.123+0000: starting up libvirt version: 9.0.0, …`. */
export function parseStarts(log: string): readonly number[] {
  const lines = log.matchAll(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\+0000: starting up /gm);
  return [...lines].map(([, day = '', time = '']) => Date.parse(`${day}T${time}Z`));
}
