import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineError, errorChain } from '../domain/errors.ts';

/** Looks again until there is an answer; what cannot be looked at yet is looked at again. `limitMs`: default a minute, then DeadlineError. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, limitMs = 60_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  let why = 'it has not come';
  while (Date.now() < deadline) {
    const found = await look().catch((error: unknown) => void (why = errorChain(error)));
    if (found !== undefined) return found;
    await delay(100);
  }
  throw new DeadlineError(`wait until ${what}: ${why}`);
}
