import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { eventually } from '../waiting.ts';
import type { Relay } from './relay.ts';

const foundMs = 120_000;

/** A guest with which a worker just speaks, and its relay; waits until there is one. */
export async function findBusy(
  relays: ReadonlyMap<string, Relay>,
  random: Random,
): Promise<{ readonly node: string; readonly relay: Relay } | undefined> {
  const found = await eventually(async () => {
    const busy = random.shuffled([...relays]).find(([, relay]) => relay.isBusy);
    return await Promise.resolve(busy);
  }, foundMs);
  if (found === undefined) return undefined;
  // A conversation lasts for some seconds; any moment of it will do.
  await sleep(random.whole(0, 2_000));
  return { node: found[0], relay: found[1] };
}
