import { taken } from '../ledger.ts';
import { runOfTarget } from './copies.ts';
import { startsOf } from './machine-starts.ts';
import type { RealStage } from './real-stage.ts';
import { runsAt } from './runs-at.ts';

/** A fenced act of a run that was done more often than it may. */
export interface Repeated {
  readonly what: string;
  readonly run: string;
  readonly times: number;
  readonly allowed: number;
}

/** Copies: one, and one for each that was killed. */
export function repeatedCopies({
  copies,
  copiesKilled,
}: Pick<RealStage, 'copies' | 'copiesKilled'>): readonly Repeated[] {
  const targets = copies.seen().map(({ target }) => target);
  return [...new Set(targets)]
    .map((target) => ({
      what: `copy into ${target}`,
      run: runOfTarget(target),
      times: targets.filter((one) => one === target).length,
      allowed: 1 + copiesKilled.filter((killed) => killed.target === target).length,
    }))
    .filter(({ times, allowed }) => times > allowed);
}

/** Starts of the machine: one, and one for each time that libvirt died meanwhile. */
export async function repeatedStarts(stage: RealStage): Promise<readonly Repeated[]> {
  const counts = new Map<string, number>();
  for (const node of new Set(taken(stage.ledger).map((asked) => asked.node))) {
    for (const at of await startsOf(stage, node)) {
      for (const { id } of await runsAt(stage, node, at)) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  const all = [...counts].map(async ([run, times]) => ({
    what: 'start of the machine',
    run,
    times,
    allowed: 1 + (await hostDeaths(stage, run)),
  }));
  return (await Promise.all(all)).filter(({ times, allowed }) => times > allowed);
}

async function hostDeaths({ imprint, hostAway }: RealStage, run: string): Promise<number> {
  const { created, ended = new Date().toISOString() } = await imprint.catalog.runs.get(run);
  return hostAway.filter(({ from, to }) => to >= Date.parse(created) && from <= Date.parse(ended)).length;
}
