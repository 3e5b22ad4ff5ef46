import { z } from 'zod';
import type { Fence } from '../domain/fence.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { begun, begunOf, planOf, unwinding, type EndedRun } from '../domain/ended-steps.ts';
import { loadFactsWithoutCopyOf } from './facts.ts';

/** What the claim of a load answered, and its first step recorded. */
const claimed = z.object({ revision: z.object({ id: z.number() }), hostKeys: z.array(z.string()).optional() });

/** Puts back what the node held before a load that was cut; nothing once the new system was seen READY: then it stays. */
export async function takeBackLoad(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<string[]> {
  // A capture loads its node anew as its step 8.
  const prefix = ended.record?.procedure === 'captureImage' ? '8.' : '';
  if (begun(ended, `${prefix}8`) && !unwinding(ended)) return await keepLoaded(deps, ended, fence);
  const plan = planOf(ended, `${prefix}5`);
  const steps = begunOf(ended, plan, `${prefix}5`).filter(
    () => prefix !== '' || ended.record?.procedure === 'loadNode',
  );
  if (steps.length === 0) return [];
  await restoreHostKeys(deps, ended, fence);
  const facts = await loadFactsWithoutCopyOf(deps, fence, await revisionOf(deps, ended, fence));
  const undone: string[] = [];
  for (const { planned } of [...steps].reverse()) {
    const step = need(facts.provisioner, 'loading').steps[planned.kind];
    if (step?.undo === undefined) continue;
    await step.undo(facts.request, planned, callContext());
    undone.push(`taken back: ${planned.title}`);
  }
  return undone;
}

/**
 * Step 8, which may have been cut before it was recorded. With the claim goes what keeps the revision from being deleted, and its files are what
 * the node runs from.
 */
async function keepLoaded(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<string[]> {
  await deps.catalog.computers.recordLoaded(fence, await revisionOf(deps, ended, fence));
  return [`what it loaded stays on ${fence.node}`];
}

async function revisionOf(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<number> {
  const own = await deps.catalog.revisions.findByOwner(fence.owner);
  return own?.id ?? claimed.parse(firstStep(ended)).revision.id;
}

/** The keys of the system that is put back are valid again. */
async function restoreHostKeys(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<void> {
  const { data } = claimed.safeParse(firstStep(ended));
  if (data?.hostKeys === undefined || !begun(ended, '6.1')) return;
  await deps.catalog.computers.recordHostKeys(fence, data.hostKeys);
}

function firstStep({ steps }: EndedRun): unknown {
  return steps.find(({ number }) => number === '1')?.evidence;
}
