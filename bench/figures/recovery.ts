import { setTimeout as delay } from 'node:timers/promises';
import { startImprint, type TestImprint } from '../../test/support/imprint.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { rounded } from '../statistics.ts';
import {
  copiesBegunTwice,
  crowdSettings,
  megabytes,
  privateBytes,
  startCrowd,
  watchCrowd,
  type CrowdWatch,
} from '../support/crowd.ts';

/** A thousand runs whose only worker is killed. */
export const recovery: Benchmark = {
  name: 'recovery',
  about: 'kill -9 of the only worker with 1,000 simulated captures in flight: time until each goes on, and memory',
  needs: [],
  async measure(stage) {
    const imprint = await startImprint({ directory: stage.directory, settings: crowdSettings });
    const watch = watchCrowd(imprint);
    try {
      return [await killAmongMany(stage, imprint, watch)];
    } finally {
      await watch.close();
      await imprint.stop();
    }
  },
};

async function killAmongMany(stage: Stage, imprint: TestImprint, watch: CrowdWatch): Promise<Figure> {
  const count = sized(stage, 1000, 10);
  await startCrowd(imprint, count);
  const first = await imprint.startWorker();
  const before = await untilEachMoved(stage, watch, first.pid);
  const { inFlight } = await watch.look();
  if (inFlight < count) throw new Error(`only ${String(inFlight)} of ${String(count)} captures were in flight`);
  await first.kill();
  const startedAt = Date.now();
  const second = await imprint.startWorker();
  const startSeconds = (Date.now() - startedAt) / 1000;
  const after = await untilEachMoved(stage, watch, second.pid);
  await second.kill();
  return figureOf({ count, startSeconds, before, after, duplicates: await copiesBegunTwice(imprint) });
}

interface Moved {
  readonly seconds: number;
  /** What the worker took at the most. */
  readonly bytes: number;
}

/** No step of any run ends for so long only when nothing goes on. */
const patienceMs = 1_800_000;

/** Waits until each run that is under way has ended a step from now on. */
async function untilEachMoved(stage: Stage, watch: CrowdWatch, pid: number): Promise<Moved> {
  const since = await watch.now();
  const started = Date.now();
  let bytes = 0;
  for (let look = 0; ; look += 1) {
    const still = await watch.stillSince(since);
    bytes = Math.max(bytes, await privateBytes(pid));
    if (look % 60 === 0) stage.say(`${String(still)} have not moved yet, the worker takes ${megabytes(bytes)}`);
    if (still === 0) return { seconds: (Date.now() - started) / 1000, bytes };
    if (Date.now() - started > patienceMs) throw new Error(`${String(still)} runs do not go on`);
    await delay(500);
  }
}

interface Recovered {
  readonly count: number;
  /** Until the new worker was ready. */
  readonly startSeconds: number;
  readonly before: Moved;
  readonly after: Moved;
  readonly duplicates: number;
}

/** Heartbeat time-out, sticky time-out and 2 s, as for one copy. */
const noticedSeconds = 22;

function figureOf({ count, startSeconds, before, after, duplicates }: Recovered): Figure {
  const seconds = startSeconds + after.seconds;
  return {
    id: 'recovery',
    title: `From kill -9 of the only worker of ${count.toLocaleString('en')} captures to each having ended a step`,
    bar: { kind: 'at most', limit: rounded(noticedSeconds + startSeconds + before.seconds) },
    unit: 's',
    value: rounded(seconds),
    comparison: { what: 'the same without a kill', value: rounded(before.seconds), measured: 'same run' },
    samples: {
      'seconds until the new worker was ready': [rounded(startSeconds)],
      'seconds from there': [rounded(after.seconds)],
      'MB of the killed worker at the most': [rounded(before.bytes / 1e6)],
      'MB of the new worker at the most': [rounded(after.bytes / 1e6)],
      'copies that were begun twice': [duplicates],
    },
    how: 'The worker is killed once each run has ended a step, and the next one started at once. The bar is what the runs took for that without a kill, the start of the process, and 22 s in which a lost worker is noticed.',
  };
}
