import { readFileSync } from 'node:fs';

/** Whether the process runs. One that has ended and whose parent has not looked yet (a zombie) does not. */
export function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2).charAt(0));
  } catch {
    return false;
  }
}
