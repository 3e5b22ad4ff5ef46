import type { TakesUp } from '../domain/capture-preview.ts';
import { ConflictError, IntegrityError, errorChain } from '../domain/errors.ts';
import type { PlanStep } from '../domain/plan.ts';
import { powerOf, need } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { CaptureFacts } from './facts.ts';
import { checkGuest } from './guest-check.ts';
import { sealedBefore, type SealedBefore } from './sealed-before.ts';
import type { Lineage } from './taken-up-runs.ts';

/** From where a capture works: from a sealed system that was proved untouched, or from the beginning, and why. */
export type TakenUp = { readonly sealed: SealedBefore } | { readonly because: string };

/**
 * Looks whether a sealed system is still what an earlier run left: then it is not prepared and sealed again. What cannot be proved is done again,
 * which needs a system that answers; where an operator named a later step, it is refused instead. Reads only.
 */
export async function takeUp({ catalog }: ActivityDependencies, asked: Lineage, facts: CaptureFacts): Promise<TakenUp> {
  const sealed = await sealedBefore(catalog, asked);
  const doubt = sealed === undefined ? undefined : await doubtOf(asked, sealed, facts);
  if (sealed !== undefined && doubt === undefined) return { sealed };
  const because = doubt?.message ?? 'no earlier run has sealed it';
  if (asked.resumes?.from !== undefined && isBehindSeal(asked.resumes.from, sealed)) {
    throw new IntegrityError(
      `begin at step ${asked.resumes.from}: it cannot be proved that the steps before it are done still: ${because}`,
      { ...(doubt === undefined ? {} : { cause: doubt }) },
    );
  }
  return { because };
}

/** What begins at the beginning needs a system that answers; one that is off after it was sealed does not, and the error says what to do. */
export async function requireAnswering(
  deps: ActivityDependencies,
  { resumes }: Lineage,
  facts: CaptureFacts,
  because: string,
): Promise<void> {
  const { computer, provisioner, revision } = facts;
  const off =
    resumes !== undefined && (await powerOf(provisioner, computer)?.read(computer, callContext()))?.value === 'off';
  if (!off) return await checkGuest(deps, facts, revision);
  throw new ConflictError(
    `take up run ${resumes.run}: ${because}; and ${computer.name} is off, so it cannot be prepared again: power it on, see that it is what you want to capture, and replay the run once more`,
  );
}

/** The plan without what the sealed system has behind it. */
export function planFromSealed(
  plan: readonly PlanStep[],
  { run, noted }: SealedBefore,
  node: string,
): readonly PlanStep[] {
  const seenOff = plan.findLastIndex(({ proves }) => proves === 'off');
  const prove: PlanStep = {
    id: 'prove-off',
    title: `Prove that ${node} is sealed, off and untouched since ${sinceOf(noted)}`,
    by: 'provisioner',
    kind: 'proveOff',
    pace: 'short',
    arguments: { noted, run },
    proves: 'off',
    undo: { none: 'It reads, and notes what it saw in the staging directory.' },
  };
  return [prove, ...plan.slice(seenOff + 1)];
}

/** What a person is told of it; undefined for a run that takes nothing up. */
export function describeTakenUp({ resumes }: Pick<Lineage, 'resumes'>, taken: TakenUp): TakesUp | undefined {
  if ('because' in taken) return resumes && { run: resumes.run, fromTheBeginning: taken.because };
  const { run, noted, step } = taken.sealed;
  return { run, behindStep: step, untouchedSince: sinceOf(noted) };
}

/** Why the earlier seal cannot be gone on from; undefined when it can. */
async function doubtOf({ resumes }: Lineage, sealed: SealedBefore, facts: CaptureFacts): Promise<Error | undefined> {
  if (resumes?.from !== undefined && !isBehindSeal(resumes.from, sealed)) {
    return new IntegrityError(`everything from step ${resumes.from} on was asked for again`);
  }
  const { revision, request } = facts;
  if (revision.id !== sealed.revision.id) {
    return new IntegrityError(`the disk was sealed as ${sealed.revision.name}, whose number another capture has taken`);
  }
  const { proveOff } = need(facts.provisioner, 'capturing');
  if (proveOff === undefined) return new IntegrityError(`${facts.provisioner.name} cannot tell whether it was touched`);
  try {
    await proveOff(request, sealed.noted, callContext());
    return undefined;
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    return new IntegrityError(errorChain(error), { cause: error });
  }
}

/** Whether a step, by its number, comes after the one that saw the system off. */
function isBehindSeal(from: string, sealed: SealedBefore | undefined): boolean {
  if (sealed === undefined) return /^[6-9]/.test(from);
  return new Intl.Collator('en', { numeric: true }).compare(from, sealed.step) >= 0;
}

/** When the step saw it off: ISO 8601, as every provisioner notes it. */
function sinceOf(noted: SealedBefore['noted']): string {
  return typeof noted['offSince'] === 'string' ? noted['offSince'] : 'then';
}
