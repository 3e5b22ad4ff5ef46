import type { RunRecord } from '../../src/domain/run.ts';
import type { Invariant } from '../invariant.ts';
import type { SimulatedStage } from '../simulated-stage.ts';

/**
 * The world itself writes down when a sealed system boots whose revision is not in the library. Once its capture is over, a power run
 * that somebody asked for may boot it, while that run goes on: an administrator looks what is on it. Nothing else may.
 */
export function sealedStaysOff(): Invariant<SimulatedStage> {
  const look = async ({ imprint }: SimulatedStage): Promise<readonly string[]> => {
    const violations = (await imprint.world.events()).filter(({ kind }) => kind === 'violation');
    const found = await Promise.all(
      violations.map(async ({ node, action, at }) => {
        const runs = await imprint.catalog.runs.list({ node, limit: 1_000 });
        const underWay = runs.filter((run) => isUnderWay(run, at)).map(({ procedure }) => procedure);
        const asked = underWay.includes('powerNode') && !underWay.includes('captureImage');
        return asked ? [] : [`${node}: ${action}, by ${underWay.join(', ') || 'no run'}`];
      }),
    );
    return found.flat();
  };
  return { name: 'no sealed system booted before its copy is published', conclude: look };
}

/** Whether the run went on at that time, in milliseconds since 1970. */
function isUnderWay({ created, ended }: RunRecord, at: number): boolean {
  if (Date.parse(created) > at) return false;
  return ended === undefined || Date.parse(ended) > at;
}
