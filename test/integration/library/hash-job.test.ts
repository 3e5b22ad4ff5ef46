import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext, Progress } from '../../../src/domain/call-context.ts';
import { checksumStaged } from '../../../src/library/checksum.ts';
import { completeJob } from '../../../src/library/complete-job.ts';
import { endJobs } from '../../../src/library/jobs.ts';
import { libraryPaths } from '../../../src/library/paths.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { openStaging } from '../../../src/library/staging.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

const jobs = createJobs({ pollIntervalMs: 50 });
const fence = { node: 'lab-07', owner: 'captureImage/lab-07/01J8', epoch: 1 };
const MIB = 1024 ** 2;

describe('work of a library that a job does', () => {
  let place: LibraryPlace;
  let seen: Progress[];
  let context: CallContext;

  beforeEach(async () => {
    const root = join(await mkdtemp(join(tmpdir(), 'imprint-hash-')), 'library');
    place = { name: 'mn-a', root, shell: createLocalShell() };
    seen = [];
    context = { signal: new AbortController().signal, progress: (progress) => void seen.push(progress) };
    await prepare(place, context);
  });

  afterEach(async () => {
    await endJobs(place, jobs, { ...fence, epoch: 9 }, context);
    await rm(join(place.root, '..'), { recursive: true, force: true });
  });

  const script = (text: string) => ({
    spec: {
      id: 'work',
      directory: libraryPaths(place).job(fence.owner, 'work'),
      fence,
      file: 'sh',
      args: ['-c', text, 'work', join(place.root, 'marker')],
    },
    what: 'do the work',
    onProgress: () => undefined,
  });

  it('hashes a large file by a job, tells how far it is, and has the result at hand for the next attempt', async () => {
    const directory = await openStaging(place, fence, context);
    await execa('truncate', ['-s', String(400 * MIB), join(directory, 'vda.qcow2')]);
    const hash = (epoch: number) =>
      checksumStaged(place, jobs, { fence: { ...fence, epoch }, files: ['vda.qcow2'] }, context);
    const [first] = await hash(1);
    const expected = await execa('openssl', ['dgst', '-sha256', '-r', join(directory, 'vda.qcow2')]);
    expect(first?.sha256).toBe(expected.stdout.slice(0, 64));
    expect(seen.some(({ job, bytesTotal }) => job !== undefined && bytesTotal === 400 * MIB)).toBe(true);
    const [second] = await hash(2);
    expect(second).toEqual(first);
    expect(await jobsOf(place)).toHaveLength(1);

    await endJobs(place, jobs, { ...fence, epoch: 3 }, context);
    await endJobs(place, jobs, { ...fence, epoch: 3 }, context);
    expect(await jobsOf(place)).toEqual([]);
  });

  it('is started once more when its job was lost', async () => {
    const dies = script('[ -e "$1" ] || { touch "$1"; kill -9 0; }; echo done');
    expect((await completeJob(jobs, place.shell, dies, context)).outputTail).toContain('done');
  });

  it('fails with what the job said, and begins anew at the next attempt', async () => {
    const fails = script('[ -e "$1" ] || { touch "$1"; echo no space >&2; exit 7; }; echo done');
    await expect(completeJob(jobs, place.shell, fails, context)).rejects.toMatchObject({
      name: 'CommandFailedError',
      evidence: { exitCode: 7, errorTail: expect.stringContaining('no space') as string },
    });
    expect((await completeJob(jobs, place.shell, fails, context)).exitCode).toBe(0);
  });
});

async function jobsOf(place: LibraryPlace): Promise<readonly string[]> {
  const entries = await readdir(libraryPaths(place).jobs(fence.owner), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
