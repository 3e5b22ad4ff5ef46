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
    // Each copy is followed by an activity of its own, so that memory is that of runs in flight, not of runs that wait.
    const settings = { IMPRINT_LONG_SLOTS: String(count) };
    const imprint = await startImprint({ directory: stage.directory, settings });
    try {
      return await measureCrowd(stage, imprint, count);
    } finally {
      await imprint.stop();
    }
  },
};

async function measureCrowd(stage: Stage, imprint: TestImprint, count: number): Promise<readonly Figure[]> {
  const worker = await imprint.startWorker();
  // What is compiled and connected at the first run is no part of one more.
  await (await startOne(imprint, 0)).result();
  const idle = await privateBytes(worker.pid);
  const started = Date.now();
  const runs: RunHandle<unknown>[] = [];
  for (let number = 0; number < count; number += 1) runs.push(await startOne(imprint, 5));
  stage.say(`${String(count)} captures started in ${String(Math.round((Date.now() - started) / 1000))} s`);
  const memory = watchMemory(stage, imprint, worker.pid);
  const ended = await Promise.allSettled(runs.map(async (run) => await run.result()));
  const seen = await memory.stop();
  const seconds = (Date.now() - started) / 1000;
  const completed = ended.filter(({ status }) => status === 'fulfilled').length;
  stage.say(`${String(completed)} completed after ${String(Math.round(seconds))} s`);
  const duplicates = await copiesBegunTwice(imprint);
  await worker.kill();
  return [lostFigure({ count, completed, duplicates, seconds }), memoryFigure(seen, idle)];
}

async function startOne(imprint: TestImprint, copySeconds: number): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode(copyLasting(copySeconds));
  return await imprint.client.startCapture({ node, image: imprint.fresh('image'), operatingSystem: simulatedSystem });
}

interface MemorySeen {
  readonly inFlight: number;
  readonly bytes: number;
}

/** Looks every two seconds; `stop` returns the look at which most runs were in flight, and of those the one with most memory. */
function watchMemory(stage: Stage, imprint: TestImprint, pid: number): { stop(): Promise<MemorySeen> } {
  let seen: MemorySeen = { inFlight: 0, bytes: 0 };
  let stopped = false;
  const watching = (async () => {
    for (let look = 0; !stopped; look += 1) {
      const inFlight = (await imprint.catalog.runs.list({ state: 'running', limit: 10_000 })).length;
      const bytes = await privateBytes(pid);
      if (bytes > seen.bytes) seen = { inFlight: Math.max(inFlight, seen.inFlight), bytes };
      if (look % 15 === 0)
        stage.say(`${String(inFlight)} in flight, the worker takes ${String(Math.round(bytes / 1e6))} MB`);
      await delay(2_000);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return seen;
    },
  };
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
    how: 'All are started before any has ended; one worker process, one Temporal dev server, one PostgreSQL.',
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
    how: 'Private memory of the worker process at its highest, less that of the idle worker, for each run in flight.',
  };
}
