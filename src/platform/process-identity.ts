import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** When a process began, as the system tells it; undefined when it is not alive. A process that only waits to be collected is dead. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? await startTimeFromProc(pid) : await startTimeFromPs(pid);
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const found = parseStat(await readFile(`/proc/${String(pid)}/stat`, 'utf8'));
    return found === undefined || isOver(found) ? undefined : `${boot} ${found.startTicks}`;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** What is read of `/proc/PID/stat`: its fields 3, 20 and 22 (proc(5)). */
export interface ProcessStat {
  readonly state: string;
  readonly threads: number;
  readonly startTicks: string;
}

/** The command's name in parentheses may hold spaces and parentheses, so fields are counted from the last one. */
export function parseStat(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTicks] = [fields[0], Number(fields[17]), fields[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, threads, startTicks };
}

/** A killed process shows as a zombie already while other threads of it still end, and still hold its files and ports. */
function isOver({ state, threads }: ProcessStat): boolean {
  return 'ZX'.includes(state) && threads <= 1;
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  const { stdout, failed } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    reject: false,
    env: { LC_ALL: 'C' },
  });
  const [state, ...start] = stdout.trim().split(/\s+/);
  return failed || state === undefined || state === '' || state.startsWith('Z') ? undefined : start.join(' ');
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
