import type { Catalog } from '../catalog/catalog.ts';
import type { EndedRun } from '../domain/ended-steps.ts';
import { planOf } from '../domain/ended-steps.ts';
import type { JsonObject, PlanStep } from '../domain/plan.ts';
import type { NamedRevision } from './claiming.ts';
import { takenUpRuns, type Lineage } from './taken-up-runs.ts';

/** A system that was prepared, sealed and seen off: by the run that is taken up, or by this run before it was reset in Temporal. */
export interface SealedBefore {
  readonly run: string;
  /** What the sealed disk calls itself: `currentimage.txt` names it. */
  readonly revision: NamedRevision;
  /** Number of the step of that run which saw it off: `5.3`. */
  readonly step: string;
  /** The evidence of that step. */
  readonly noted: JsonObject;
}

/** The latest record of it, by this run or by those that it takes up; undefined where none has got that far. */
export async function sealedBefore(catalog: Catalog, asked: Lineage): Promise<SealedBefore | undefined> {
  for (const run of await takenUpRuns(catalog, asked)) {
    const sealed = sealedBy(run, await readEnded(catalog, run));
    if (sealed !== undefined) return sealed;
  }
  return undefined;
}

async function readEnded(catalog: Catalog, run: string): Promise<EndedRun> {
  return { record: await catalog.runs.find(run), steps: await catalog.runs.steps(run) };
}

function sealedBy(run: string, ended: EndedRun): SealedBefore | undefined {
  const revision = ended.steps.find(({ number }) => number === '2')?.evidence as NamedRevision | undefined;
  const seen = planOf(ended, '4').flatMap((planned, index) => seenOff(ended, planned, `5.${String(index + 1)}`));
  const last = seen.at(-1);
  return revision === undefined || last === undefined ? undefined : { run, revision, ...last };
}

/** A step that takes an earlier note over has it from its plan; any other one has it once it is done. */
function seenOff(ended: EndedRun, planned: PlanStep, step: string): readonly Pick<SealedBefore, 'step' | 'noted'>[] {
  if (planned.proves !== 'off') return [];
  // Of a plan that was made anew, but not begun, the record is still that of the earlier plan.
  const done = ended.steps.find(
    ({ number, title, state }) => number === step && title === planned.title && state === 'done',
  );
  const noted = done?.evidence ?? (planned.arguments['noted'] as JsonObject | undefined);
  return noted === undefined ? [] : [{ step, noted }];
}
