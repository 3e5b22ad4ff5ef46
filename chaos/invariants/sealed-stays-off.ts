import type { Invariant } from '../invariant.ts';
import type { Stage } from '../stage.ts';

/** The world itself writes down when a sealed system boots whose revision is not in the library. */
export function sealedStaysOff(): Invariant {
  const look = async ({ imprint }: Stage): Promise<readonly string[]> => {
    const events = await imprint.world.events();
    return events.filter(({ kind }) => kind === 'violation').map(({ node, action }) => `${node}: ${action}`);
  };
  return { name: 'no sealed system booted before its copy is published', conclude: look };
}
