import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../domain/call-context.ts';
import { DeadlineError } from '../domain/errors.ts';
import type { PowerReading } from '../domain/power.ts';
import type { PowerModule } from './power-module.ts';

const POLL_MS = 1_000;

/** Reads until the machine was off twice running: a controller may say off as soon as it has accepted that. DeadlineError with the last reading. */
export async function awaitOff(module: PowerModule, seconds: number, context: CallContext): Promise<PowerReading> {
  const limit = Date.now() + seconds * 1_000;
  for (let before: PowerReading | undefined; ;) {
    const reading = await module.read(context);
    if (reading.value === 'off' && before?.value === 'off') return reading;
    if (Date.now() > limit) {
      const message = `${module.subject} reads ${reading.value} after ${String(seconds)} s, not off`;
      throw new DeadlineError(message, { evidence: { reading } });
    }
    before = reading;
    context.progress({ what: `Wait until ${module.subject} reads off` });
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}
