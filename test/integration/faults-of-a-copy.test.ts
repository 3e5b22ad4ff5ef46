import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { waitingFor } from '../../src/cli/run-words.ts';
import type { RunHandle, RunProgress } from '../../src/client.ts';
import { runKey } from '../../src/library/paths.ts';
import { simulatedSystem, type TestImprint, type WorkerHere } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { realCopy, withRealCopies, writeSource } from '../support/real-copy.ts';
import { failureOf, patience } from '../support/runs.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { killJob, copiersOf } from '../support/vm-copy.ts';

const MIB = 1024 ** 2;

/** Simulated machines whose copies are real jobs, into a library on a small file system. */
describe('a capture whose copy is a real job', () => {
  const directory = mkdtempSync(join(tmpdir(), 'imprint-test-copies-'));
  const source = join(directory, 'source.raw');
  let disk: SmallDisk | string;
  let imprint: TestImprint;
  let worker: WorkerHere;

  beforeAll(async () => {
    disk = mountSmallDisk(directory, 96);
    await writeSource(source, 12 * MIB);
  });
  withImprint(
    async (started) => {
      imprint = started;
      worker = await startWorker();
      // Somebody who does workflows and the catalog's work, whatever becomes of the management node.
      await imprint.startWorkerHere(undefined, 'mn-other');
    },
    { directory, settings: { IMPRINT_STALL_MINUTES: '0.05' } },
  );
  afterAll(async () => {
    if (typeof disk !== 'string') disk.unmount();
    await rm(directory, { recursive: true, force: true });
  });

  /** Slow enough that nothing ends by itself meanwhile; what must complete gets another rate. */
  const slow = MIB / 8;
  const copies = { source, rateBytes: slow };
  const startWorker = async () => await imprint.startWorkerHere((deps) => withRealCopies(deps, copies));
  const startCopy = async (rateBytes = slow) => {
    copies.rateBytes = rateBytes;
    const [node, image] = [await imprint.addNode({ disks: [{ name: 'vda', usedBytes: 1 }] }), imprint.fresh('image')];
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    const target = join(imprint.library, '.staging', runKey(run.id), realCopy);
    return { node, image, run, target, copier: await untilCopying(target) };
  };
  const untilCopying = async (target: string, notSince?: string) =>
    await vi.waitFor(async () => {
      const copier = (await copiersOf(target)).find(({ began }) => began !== notSince);
      if (copier === undefined) throw new Error(`nobody copies into ${target}`);
      return copier;
    }, patience);
  const stepOf = async (run: RunHandle<unknown>) =>
    (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5');
  const untilTold = async (run: RunHandle<unknown>, words: RegExp): Promise<RunProgress> => {
    for await (const progress of run.watch()) {
      if (words.test(waitingFor(progress, Date.now()) ?? '')) return progress;
    }
    throw new Error(`run ${run.id} ended without saying ${String(words)}`);
  };
  const expectWhole = async (image: string): Promise<void> => {
    const copy = join(imprint.library, `${image}-v1`, realCopy);
    await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', source, copy]);
  };
  const nothing = { owner: undefined, revisions: 'no image', staging: [], jobs: [], published: [] } as const;

  it('whose processes are killed is copied again from the beginning, into a clean staging directory', async () => {
    const { image, run, copier, target } = await startCopy();
    copies.rateBytes = 4 * MIB;
    await killJob(copier);
    await untilCopying(target, copier.began);
    await run.result();
    expect(await stepOf(run)).toMatchObject({ state: 'done', attempt: 2, evidence: { startedAgain: true } });
    await expectWhole(image);
  });

  it('whose copying process is stopped is shown as stalled, not ended, and completes when the process goes on', async () => {
    const { image, run, copier } = await startCopy(MIB);
    process.kill(copier.pid, 'SIGSTOP');
    const { activity } = await untilTold(run, /^no progress since .*the step goes on waiting/);
    expect(activity).toMatchObject({ attempt: 1, progress: { job: 'copy-real' } });
    const stalled = expect.stringMatching(/^no progress for 3 s(, at \d+ %)?; it goes on waiting$/) as string;
    expect(await stepOf(run)).toMatchObject({ state: 'running', evidence: { stalled } });
    process.kill(copier.pid, 'SIGCONT');
    await run.result();
    expect(await stepOf(run)).toMatchObject({ state: 'done', attempt: 1, evidence: { startedAgain: false } });
    await expectWhole(image);
  });

  it('fails when the library fills up meanwhile, says which one and what is free, and leaves nothing', async (context) => {
    const small = disk;
    if (typeof small === 'string') return context.skip(small);
    const { node, image, run } = await startCopy(MIB);
    small.fill();
    const failure = await failureOf(run);
    expect(failure.reason).toBe('CapacityError');
    const words = `no space left for "Copy vda of ${node} (0.0 GiB)": library mn-test (${imprint.library}) has `;
    expect((await imprint.catalog.runs.get(run.id)).outcome).toContain(words);
    expect(await stepOf(run)).toMatchObject({ error: expect.stringContaining(words) as string });
    const left = await leftoversOf(imprint, run.id, image);
    expect(left).toMatchObject({ ...nothing, state: 'maintenance', power: 'off' });
    expect((await readdir(join(imprint.library, '.staging'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.filter(({ state }) => state === 'undo-failed' || state === 'running')).toEqual([]);
    small.empty();
  });

  it('fails with the node as it was, and leaves nothing, when not one byte is free for its staging directory', async (context) => {
    const small = disk;
    if (typeof small === 'string') return context.skip(small);
    const image = imprint.fresh('image');
    const start = async () =>
      await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, after: 'leaveOff' });
    // It claims to need nothing: what step 3 looks at is gone when the directory is made.
    const node = await imprint.addNode({ disks: [{ name: 'vda', usedBytes: 1 }], bytesNeeded: 0 });
    small.fill();
    const run = await start();
    expect(await failureOf(run)).toMatchObject({ reason: 'CapacityError' });
    const words = `no space left for "Open the staging directory in the library": library mn-test (${imprint.library}) has 0 bytes free`;
    expect((await imprint.catalog.runs.get(run.id)).outcome).toContain(words);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ ...nothing, state: 'available', power: 'on' });
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.filter(({ state }) => state === 'undo-failed' || state === 'running')).toEqual([]);
    expect(
      (await readdir(join(imprint.library, '.staging'))).filter((name) => name.startsWith(runKey(run.id))),
    ).toEqual([]);
    small.empty();
    // Control: with room the same capture succeeds.
    copies.rateBytes = 4 * MIB;
    await (await start()).result();
    await expectWhole(image);
  });

  it('is refused before anything is touched where the library has no room for it, with both numbers', async () => {
    const node = await imprint.addNode({ bytesNeeded: 1024 ** 5 });
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    expect((await failureOf(run)).reason).toBe('CapacityError');
    const words = /library mn-test \(.*\) is too full for .*: it may take 1125899906842624 bytes, \d+ are free/;
    expect((await imprint.catalog.runs.get(run.id)).outcome).toMatch(words);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ ...nothing, state: 'available', power: 'on' });
  });

  it('that is cancelled while its management node is away says that it waits for it, and ends as cancelled', async () => {
    const { image, run, target } = await startCopy();
    await worker.stop();
    await run.cancel();
    await untilTold(run, /^waiting since .* for management node mn-test, which has never been heard of; is its worker/);
    // The control: nobody has ended the job yet, nor anything else of it.
    expect(await copiersOf(target)).toHaveLength(1);
    worker = await startWorker();
    expect((await failureOf(run)).reason).toBe('Cancelled');
    expect(await copiersOf(target)).toEqual([]);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ ...nothing, state: 'maintenance' });
    expect(await run.describe()).toMatchObject({ state: 'cancelled' });
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.filter(({ state }) => state === 'running' || state === 'undo-failed')).toEqual([]);
  });
});
