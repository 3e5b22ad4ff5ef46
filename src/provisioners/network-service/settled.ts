import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';

/** Daemons take a configuration over one after the other. */
const SETTLE_MS = 5_000;
const POLL_MS = 250;

/** Asks until there is no fault any more, or for so long as daemons may take; the last fault, or undefined. */
export async function settled(
  faultOf: () => Promise<string | undefined>,
  { signal }: CallContext,
): Promise<string | undefined> {
  const limit = Date.now() + SETTLE_MS;
  for (;;) {
    const fault = await faultOf();
    if (fault === undefined || Date.now() > limit) return fault;
    await delay(POLL_MS, undefined, { signal });
  }
}
