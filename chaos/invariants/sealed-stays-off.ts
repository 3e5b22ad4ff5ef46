import type { RunRecord } from '../../src/domain/run.ts';
import type { Invariant } from '../invariant.ts';
import type { Stage } from '../stage.ts';

/**
 * The world itself writes down when a sealed system boots whose revision is not in the library. Once its capture has been given up, whoever owns the
 * node then may boot it: an administrator who looks what is on it.
 */
export function sealedStaysOff(): Invariant {
  const look = async ({ imprint }: Stage): Promise<readonly string[]> => {
    const violations = (await imprint.world.events()).filter(({ kind }) => kind === 'violation');
    const found = await Promise.all(
      violations.map(async ({ node, action, at }) => {
        const runs = await imprint.catalog.runs.list({ node, limit: 1_000 });
        return runs.some((run) => isUnderWay(run, at)) ? [`${node}: ${action}`] : [];
      }),
    );
    return found.flat();
  };
  return { name: 'no sealed system booted before its copy is published', conclude: look };
}

/** Whether it was a capture that went on at that time, in milliseconds since 1970. */
function isUnderWay({ procedure, created, ended }: RunRecord, at: number): boolean {
  if (procedure !== 'captureImage' || Date.parse(created) > at) return false;
  return ended === undefined || Date.parse(ended) > at;
}
