import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { JsonObject } from '../../src/domain/plan.ts';
import type { StepRecord } from '../../src/domain/run.ts';
import { runKey } from '../../src/library/paths.ts';
import { runTag } from '../../src/provisioners/libvirt/names.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { parseProgress } from '../../src/remote/qemu-img.ts';
import type { VmImprint } from './vm-imprint.ts';

/** A copy as its host shows it, asked without any worker. */
export interface SeenCopy {
  readonly pid: number;
  /** In the kernel's ticks since its start: with it a number stands for one process only. */
  readonly began: string;
  /** Of its job, ISO 8601. */
  readonly startedAt: string;
  readonly fraction: number;
}

/** Which disk of which run. */
export interface CopyOf {
  readonly run: string;
  readonly disk: string;
}

/** Everything that is waited for here comes within this time, also on a busy machine. */
const patience = { timeout: 300_000, interval: 100 };

/** Waits until the copy has moved this share of its bytes. */
export async function untilCopied(imprint: VmImprint, copy: CopyOf, share: number): Promise<SeenCopy> {
  return await vi.waitFor(async () => {
    const seen = await seeCopy(imprint, copy);
    if (seen.fraction < share) throw new Error(`the copy of ${copy.disk} is at ${String(seen.fraction)}`);
    return seen;
  }, patience);
}

async function seeCopy(imprint: VmImprint, { run, disk }: CopyOf): Promise<SeenCopy> {
  const node = run.split('/')[1] ?? '';
  const directory = join(imprint.directoryOf(node), '.jobs', `${runTag(run)}-copy-${disk}`);
  const state = await createJobs().read(imprint.library.shell, directory, imprint.context);
  if (state.phase !== 'running') throw new Error(`the copy of ${disk} is ${state.phase}`);
  const [copier] = await copiersOf(stagedDisk(imprint, { run, disk }));
  if (copier === undefined) throw new Error(`no process copies ${disk}`);
  return { ...copier, startedAt: state.startedAt, fraction: parseProgress(state.outputTail) ?? 0 };
}

/** Where the copy of a disk is written. */
export function stagedDisk({ library }: VmImprint, { run, disk }: CopyOf): string {
  return join(library.root, '.staging', runKey(run), `${disk}.qcow2`);
}

/** Processes that copy into this file. */
export async function copiersOf(target: string): Promise<readonly Pick<SeenCopy, 'pid' | 'began'>[]> {
  const found: Pick<SeenCopy, 'pid' | 'began'>[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await read(`/proc/${pid}/cmdline`)).split('\0');
    const stat = await read(`/proc/${pid}/stat`);
    const [state, ...numbers] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // proc(5): the start is field 22, and the state, which comes first here, is field 3.
    const isCopier = words[0] === 'qemu-img' && words.includes(target) && state !== 'Z' && stat !== '';
    if (isCopier) found.push({ pid: Number(pid), began: numbers[18] ?? '' });
  }
  return found;
}

async function read(path: string): Promise<string> {
  // It may end between being listed and being read.
  return await readFile(path, 'utf8').catch(() => '');
}

/** Kills the copy and everything of its job, so that nobody records how it ended. */
export async function killJob({ pid }: Pick<SeenCopy, 'pid'>): Promise<void> {
  const stat = await read(`/proc/${String(pid)}/stat`);
  // proc(5): the session, whose leader the job is, is field 6.
  const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  if (!(session > 1)) throw new Error(`process ${String(pid)} is gone`);
  process.kill(-session, 'SIGKILL');
}

/** The step of a run that copies this disk. */
export async function copyStepOf(imprint: VmImprint, { run, disk }: CopyOf): Promise<StepRecord | undefined> {
  const steps = await imprint.catalog.runs.steps(run);
  return steps.find(({ title }) => title.startsWith(`Copy ${disk} of `));
}

/** Waits until the copy's step is in the hands of this attempt, or of a later one. */
export async function untilAttempt(imprint: VmImprint, copy: CopyOf, attempt: number): Promise<void> {
  await vi.waitFor(async () => {
    const step = await copyStepOf(imprint, copy);
    if ((step?.attempt ?? 0) < attempt) throw new Error(`the step is at attempt ${String(step?.attempt)}`);
  }, patience);
}

/** Whether what was seen on the host, and what the run says of its copy, is one copy that was begun once. */
export function copiedOnce(seen: readonly SeenCopy[], evidence: JsonObject | undefined): boolean {
  const processes = new Set(seen.map(({ pid, began }) => `${String(pid)} since ${began}`));
  const starts = new Set([...seen.map(({ startedAt }) => startedAt), evidence?.['startedAt']]);
  return processes.size === 1 && starts.size === 1 && evidence?.['startedAgain'] === undefined;
}
