import { setTimeout as sleep } from 'node:timers/promises';

/** How often a condition is looked at. */
const everyMs = 250;

/** Asks until there is an answer; an error counts as none. Undefined when there was none within the time, or when it was called off. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  withinMs: number,
  calledOff?: AbortSignal,
): Promise<T | undefined> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined || Date.now() > deadline || calledOff?.aborted === true) return answer;
    await sleep(everyMs);
  }
}

/** The same, for what must come: throws an error that names it. */
export async function must<T>(what: string, ask: () => Promise<T | undefined>, withinMs: number): Promise<T> {
  const answer = await eventually(ask, withinMs);
  if (answer === undefined) throw new Error(`${what}: not within ${String(withinMs / 1000)} s`);
  return answer;
}
