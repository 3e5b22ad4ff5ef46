import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** When a process began, as the system tells it; undefined when it is not alive. A process that only waits to be collected is dead. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? await startTimeFromProc(pid) : await startTimeFromPs(pid);
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const fields = parseStat(await readFile(`/proc/${String(pid)}/stat`, 'utf8'));
    return fields === undefined || 'ZX'.includes(fields.state) ? undefined : `${boot} ${fields.startTicks}`;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * State and start time of `/proc/PID/stat` (proc(5): fields 3 and 22). The command's name in parentheses may hold spaces and parentheses, so
 * fields are counted from the last one.
 */
export function parseStat(stat: string): { readonly state: string; readonly startTicks: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks };
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
