import type { Catalog } from '../../catalog/catalog.ts';
import type { Finding } from '../../domain/finding.ts';
import type { RunRecord, StepRecord } from '../../domain/run.ts';
import type { Standings } from './standing.ts';

/** Live runs that have lost what they own: they carry their plan out without a claim, or without the revision that they reserved. */
export async function findLacking(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const run of await working(catalog)) {
    const what = await lacks(catalog, run);
    if (what === undefined || (await standings(run.id)) !== 'live') continue;
    // Looked at once more: a run that unwinds gives things back a moment before it says so.
    if ((await lacks(catalog, run)) === what) findings.push(lackingOf(run.id, 'catalog', what));
  }
  return findings;
}

/** A live run without something that it cannot go on without. */
export function lackingOf(run: string, where: string, what: string): Finding {
  return {
    kind: 'lacking',
    subject: run,
    where,
    why: `it goes on, and ${what}`,
    remedy: `Its next step will say so; to have it take its steps back: imprint runs cancel ${run}`,
  };
}

async function working({ runs }: Catalog): Promise<readonly RunRecord[]> {
  const all = await runs.list({ state: 'running', limit: 100_000 });
  return all.filter(({ procedure }) => procedure === 'captureImage' || procedure === 'loadNode');
}

/** What it owns it is known to have from the step that makes it until the step that gives it back. */
async function lacks(catalog: Catalog, { id, node, procedure }: RunRecord): Promise<string | undefined> {
  const owner = (await catalog.claims.find(node))?.owner;
  const revision = await catalog.revisions.findByOwner(id);
  const steps = await catalog.runs.steps(id);
  if (!isCarryingOut(steps)) return undefined;
  if (owner !== id) return `node ${node} is owned by ${owner ?? 'no run'}`;
  if (procedure === 'captureImage' && revision === undefined) return 'the revision that it reserved is gone';
  return undefined;
}

/** In step 5 to 6 of either procedure, forward. */
export function isCarryingOut(steps: readonly StepRecord[]): boolean {
  const begun = (number: string): boolean => steps.some((step) => step.number.split('.')[0] === number);
  const backward = steps.some(({ state }) => state !== 'done' && state !== 'running');
  return begun('5') && !begun('7') && !begun('8') && !begun('9') && !backward;
}
