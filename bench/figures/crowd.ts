import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { startImprint, type TestImprint } from '../../test/support/imprint.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { rounded } from '../statistics.ts';
import {
  copiesBegunTwice,
  crowdSettings,
  measureIdle,
  megabytes,
  privateBytes,
  startCrowd,
  watchCrowd,
  type CrowdWatch,
} from '../support/crowd.ts';

/** Very many captures at once on one worker. */
export const crowd: Benchmark = {
  name: 'crowd',
  about: '1,000 simulated captures at once on one worker: whether one is lost, and what one more costs in memory',
  needs: [],
  async measure(stage) {
    const imprint = await startImprint({ directory: stage.directory, settings: crowdSettings });
    const watch = watchCrowd(imprint);
    try {
      return await measureCrowd(stage, imprint, watch);
    } finally {
      await watch.close();
      await imprint.stop();
    }
  },
};

async function measureCrowd(stage: Stage, imprint: TestImprint, watch: CrowdWatch): Promise<readonly Figure[]> {
  const count = sized(stage, 1000, 10);
  const idle = await measureIdle(imprint);
  stage.say(`an idle worker takes ${megabytes(idle)}; starting ${String(count)} captures`);
  const runs = await startCrowd(imprint, count);
  // All of them are there before the worker is, so all are in flight at once.
  const worker = await imprint.startWorker();
  const started = Date.now();
  const before = await watch.look();
  const seen = await watchUntilOver(stage, watch, worker.pid);
  const seconds = (Date.now() - started) / 1000;
  const stepsASecond = (seen.stepsDone - before.stepsDone) / seconds;
  const states = await Promise.all(runs.map(async ({ id }) => (await imprint.catalog.runs.get(id)).state));
  const completed = states.filter((state) => state === 'completed').length;
  stage.say(`${String(completed)} completed after ${String(Math.round(seconds))} s`);
  const duplicates = await copiesBegunTwice(imprint);
  await worker.kill();
  return [
    lostFigure({ count, completed, duplicates, seconds, stepsASecond, load: seen.load }),
    memoryFigure(seen, idle),
  ];
}

interface Seen {
  readonly inFlight: number;
  readonly bytes: number;
  readonly stepsDone: number;
  /** Highest load average of a minute. */
  readonly load: number;
}

/** When no step has ended for so long, the runs that are left are lost. */
const lostAfterMs = 300_000;

/**
 * Looks every two seconds until no run is under way. Returns when the worker took most memory, with the most runs that were in flight up
 * to then.
 */
async function watchUntilOver(stage: Stage, watch: CrowdWatch, pid: number): Promise<Seen> {
  let seen: Seen = { inFlight: 0, bytes: 0, stepsDone: 0, load: 0 };
  let last = { stepsDone: -1, at: Date.now() };
  for (let look = 0; ; look += 1) {
    const { inFlight, stepsDone } = await watch.look();
    const bytes = await privateBytes(pid);
    if (bytes > seen.bytes) seen = { ...seen, inFlight: Math.max(inFlight, seen.inFlight), bytes };
    seen = { ...seen, stepsDone, load: Math.max(seen.load, loadavg()[0] ?? 0) };
    if (look % 15 === 0) stage.say(describe({ inFlight, stepsDone, bytes }));
    if (stepsDone !== last.stepsDone) last = { stepsDone, at: Date.now() };
    if (inFlight === 0 || Date.now() - last.at > lostAfterMs) return seen;
    await delay(2_000);
  }
}

function describe({ inFlight, stepsDone, bytes }: Pick<Seen, 'inFlight' | 'stepsDone' | 'bytes'>): string {
  return `${String(inFlight)} in flight, ${String(stepsDone)} steps done, the worker takes ${megabytes(bytes)}`;
}

interface Counted {
  readonly count: number;
  readonly completed: number;
  readonly duplicates: number;
  readonly seconds: number;
  readonly stepsASecond: number;
  readonly load: number;
}

function lostFigure({ count, completed, duplicates, seconds, stepsASecond, load }: Counted): Figure {
  return {
    id: 'crowd',
    title: `${count.toLocaleString('en')} simulated captures at once on one worker, completed`,
    bar: { kind: 'at least', limit: count },
    unit: 'captures',
    value: completed,
    samples: {
      'copies that were begun twice': [duplicates],
      'seconds for all': [rounded(seconds)],
      'steps a second': [rounded(stepsASecond)],
      'highest load average of the machine meanwhile': [rounded(load)],
    },
    how: 'All are started before their worker is; one worker process, one Temporal dev server, one PostgreSQL. What has begun goes before what has not, so the first runs end while the last ones begin.',
  };
}

function memoryFigure({ inFlight, bytes }: Seen, idle: number): Figure {
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
