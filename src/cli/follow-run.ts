import { setTimeout as delay } from 'node:timers/promises';
import { errorChain } from '../domain/errors.ts';
import { exitStatuses, exitStatusOf } from './exit-status.ts';
import type { View } from './run-view.ts';

/** A server that is started again answers within seconds; after this long somebody must look. */
const outageLimitMs = 120_000;
const againAfterMs = 2_000;

/** A run, or many at once. */
interface Watched<Progress> {
  watch(): AsyncIterable<Progress>;
}

/** Shows a run until it has ended; its last state. Undefined when `signal` was aborted first: then only the watching ends. */
export async function followRun<Progress>(
  run: Watched<Progress>,
  view: View<Progress>,
  signal: AbortSignal,
): Promise<Progress | undefined> {
  const progress = watchThroughOutages(run, view);
  const aborted = once(signal);
  let latest: Progress | undefined;
  try {
    for (;;) {
      const next = await Promise.race([progress.next(), aborted]);
      if (next === 'aborted') return undefined;
      if (next.done === true) return latest;
      latest = next.value;
      view.update(latest);
    }
  } finally {
    view.close();
  }
}

/** Temporal or PostgreSQL may be away for a while; the run does not mind, so neither does its watcher. */
async function* watchThroughOutages<Progress>(
  run: Watched<Progress>,
  view: View<Progress>,
): AsyncGenerator<Progress, undefined> {
  let giveUpAt: number | undefined;
  for (;;) {
    try {
      for await (const progress of run.watch()) {
        giveUpAt = undefined;
        yield progress;
      }
      return undefined;
    } catch (error) {
      giveUpAt ??= Date.now() + outageLimitMs;
      if (exitStatusOf(error) !== exitStatuses.unreachable || Date.now() > giveUpAt) throw error;
      view.note(`cannot look at the run just now (${errorChain(error)}); trying again`);
    }
    await delay(againAfterMs);
  }
}

async function once(signal: AbortSignal): Promise<'aborted'> {
  return await new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
