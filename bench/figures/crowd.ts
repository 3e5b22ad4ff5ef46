import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { simulatedSystem, startImprint, type TestImprint } from '../../test/support/imprint.ts';
import { copyLasting } from '../../test/support/copies.ts';
import type { RunHandle } from '../../src/client.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { rounded } from '../statistics.ts';

/** Very many captures at once on one worker. */
export const crowd: Benchmark = {
  name: 'crowd',
  about: '1,000 simulated captures at once on one worker: whether one is lost, and what one more costs in memory',
  needs: [],
  async measure(stage) {
    const count = sized(stage, 1000, 10);
    // Copies of simulated machines cost nothing, so more of them than the default of four may go on at once.
    const settings = { IMPRINT_LONG_SLOTS: '20' };
    const imprint = await startImprint({ directory: stage.directory, settings });
    try {
      return await measureCrowd(stage, imprint, count);
    } finally {
      await imprint.stop();
    }
  },
};

async function measureCrowd(stage: Stage, imprint: TestImprint, count: number): Promise<readonly Figure[]> {
  const idle = await measureIdle(imprint);
  stage.say(`an idle worker takes ${megabytes(idle)}; starting ${String(count)} captures`);
  const runs = await startAll(imprint, count);
  // All of them are there before the worker is, so all are in flight at once.
  const worker = await imprint.startWorker();
  const started = Date.now();
  const seen = await watchUntilOver(stage, imprint, worker.pid);
  const seconds = (Date.now() - started) / 1000;
  const states = await Promise.all(runs.map(async ({ id }) => (await imprint.catalog.runs.get(id)).state));
  const completed = states.filter((state) => state === 'completed').length;
  stage.say(`${String(completed)} completed after ${String(Math.round(seconds))} s`);
  const duplicates = await copiesBegunTwice(imprint);
  await worker.kill();
  return [lostFigure({ count, completed, duplicates, seconds }), memoryFigure(seen, idle)];
}

/** What is compiled and connected at the first run is no part of one more. */
async function measureIdle(imprint: TestImprint): Promise<number> {
  const worker = await imprint.startWorker();
  await (await startOne(imprint)).result();
  const bytes = await privateBytes(worker.pid);
  await worker.kill();
  return bytes;
}

async function startAll(imprint: TestImprint, count: number): Promise<readonly RunHandle<unknown>[]> {
  const runs: RunHandle<unknown>[] = [];
  while (runs.length < count) {
    const next = Array.from({ length: Math.min(10, count - runs.length) }, async () => await startOne(imprint));
    runs.push(...(await Promise.all(next)));
  }
  return runs;
}

async function startOne(imprint: TestImprint): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode(copyLasting(0));
  return await imprint.client.startCapture({ node, image: imprint.fresh('image'), operatingSystem: simulatedSystem });
}

interface MemorySeen {
  readonly inFlight: number;
  readonly bytes: number;
}

/** When no run has ended for so long, those that are left are lost. */
const lostAfterMs = 300_000;

/**
 * Looks every two seconds until no run is under way. Returns the look at which the worker took most memory, with the most runs that were in
 * flight up to then.
 */
async function watchUntilOver(stage: Stage, imprint: TestImprint, pid: number): Promise<MemorySeen> {
  let seen: MemorySeen = { inFlight: 0, bytes: 0 };
  let last = { inFlight: -1, at: Date.now() };
  for (let look = 0; ; look += 1) {
    const inFlight = (await imprint.catalog.runs.list({ state: 'running', limit: 10_000 })).length;
    const bytes = await privateBytes(pid);
    if (bytes > seen.bytes) seen = { inFlight: Math.max(inFlight, seen.inFlight), bytes };
    if (look % 15 === 0) stage.say(`${String(inFlight)} in flight, the worker takes ${megabytes(bytes)}`);
    if (inFlight !== last.inFlight) last = { inFlight, at: Date.now() };
    if (inFlight === 0 || Date.now() - last.at > lostAfterMs) return seen;
    await delay(2_000);
  }
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1e6))} MB`;
}

/** What only this process holds. */
async function privateBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  const kilobytes = [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].map(([, value]) => Number(value));
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

async function copiesBegunTwice({ world }: TestImprint): Promise<number> {
  const begun = (await world.events()).filter(({ action, kind }) => action === 'copy-vda' && kind === 'effect');
  return begun.length - new Set(begun.map(({ owner }) => owner)).size;
}

interface Counted {
  readonly count: number;
  readonly completed: number;
  readonly duplicates: number;
  readonly seconds: number;
}

function lostFigure({ count, completed, duplicates, seconds }: Counted): Figure {
  return {
    id: 'crowd',
    title: `${count.toLocaleString('en')} simulated captures at once on one worker, completed`,
    bar: { kind: 'at least', limit: count },
    unit: 'captures',
    value: completed,
    samples: { 'copies that were begun twice': [duplicates], 'seconds for all': [rounded(seconds)] },
    how: 'All are started before their worker is; one worker process, one Temporal dev server, one PostgreSQL.',
  };
}

function memoryFigure({ inFlight, bytes }: MemorySeen, idle: number): Figure {
  return {
    id: 'memory',
    title: 'Memory of one more run in flight',
    bar: { kind: 'at most', limit: 2 },
    unit: 'MB',
    value: rounded((bytes - idle) / inFlight / 1e6),
    comparison: { what: 'Apache VCL', value: 32, measured: 'once before' },
    samples: {
      'MB of the idle worker': [rounded(idle / 1e6)],
      'MB at the most': [rounded(bytes / 1e6)],
      'runs in flight then': [inFlight],
    },
    how: 'Private memory of the worker process at its highest, less that of an idle worker after one run, for each run that was in flight.',
  };
}
