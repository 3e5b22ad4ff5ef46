import type { Computer, Problem } from '../domain/computer.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { Evidence, PlanStep } from '../domain/plan.ts';
import { endJobs } from '../library/jobs.ts';
import { need } from '../provisioners/provisioner.ts';
import type { LoadPlanRequest } from '../domain/plan-request.ts';
import type { StepInput } from '../domain/step-input.ts';
import { librariesWith } from './bring-copy.ts';
import { callContext, claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { loadFacts, loadFactsWithoutCopy, nodeFacts, type LoadFacts } from './facts.ts';
import { pollUntil } from './polling.ts';
import { proveCopy } from './prove-copy.ts';
import { unknownKind } from './unknown-kind.ts';

type LoadStepInput = StepInput & LoadPlanRequest;

/** 10 minutes: what Apache VCL gives a Linux machine to answer after a load (Linux.pm, post_load). */
const defaultDeadlineSeconds = 600;

export interface CheckLoad {
  readonly found?: string;
  /** Whether the workflow brings a copy that is missing here: then `missing` names the libraries that have one. Absent: NotFoundError. */
  readonly brings?: true;
}

/** Steps 3 and 5 of loadNode. */
export interface LoadPlanActivities {
  /**
   * Proves the copy in the library, in full when it was touched since the last full check, and that nothing stands in the way. `found`
   * is why the node's status is RELOAD: a system that loads nothing refuses with it. QueuedError while another run makes the full check.
   */
  checkLoad(input: LoadStepInput & CheckLoad): Promise<Evidence>;
  /** Ends the run's jobs in the library, proves them gone and removes their directories; others may then check the copy. */
  clearLoadJobs(input: LoadStepInput): Promise<void>;
  /** `isThere`: of a system that the run has put on the node already, whose copy need not be in the library that its driver has now. */
  planLoad(input: LoadStepInput & { readonly isThere?: true }): Promise<readonly PlanStep[]>;
  carryOutLoadStep(input: LoadStepInput & { readonly planned: PlanStep }): Promise<Evidence>;
  undoLoadStep(input: LoadStepInput & { readonly planned: PlanStep }): Promise<Evidence>;
}

export function createLoadPlanActivities(deps: ActivityDependencies): LoadPlanActivities {
  return {
    async checkLoad({ found, brings, ...input }) {
      // Before its copy is looked for: who loads nothing needs none.
      const { provisioner, computer, library } = await nodeFacts(deps, input.node);
      const loading = need(provisioner, 'loading', found);
      refuseProblems(computer, provisioner.validate(computer));
      const missing = brings === true ? await missingCopy(deps, input, library.name) : [];
      if (missing.length > 0) return { missing: [...missing] };
      const facts = await loadFacts(deps, input);
      refuseProblems(computer, await loading.check(facts.request, callContext()));
      return await proveCopy(deps, facts, input.run);
    },

    async clearLoadJobs(input) {
      // Also where the copy is what was missing.
      const fence = await deps.catalog.claims.fence(claimant(input));
      const { library } = await nodeFacts(deps, input.node);
      await endJobs(library, deps.jobs, fence, callContext());
      await deps.catalog.slots.release(input.run, 'check');
    },

    async planLoad(input) {
      const facts = await (input.isThere === true ? loadFactsWithoutCopy : loadFacts)(deps, input);
      return await need(facts.provisioner, 'loading').plan(facts.request, callContext());
    },

    async carryOutLoadStep(input) {
      // What was seen READY is not read from the library any more.
      const isThere = input.planned.arguments['phase'] === 'afterReady';
      return await carryOut(await (isThere ? loadFactsWithoutCopy : loadFacts)(deps, input), input.planned);
    },

    async undoLoadStep(input) {
      const facts = await loadFactsWithoutCopy(deps, input);
      const step = need(facts.provisioner, 'loading').steps[input.planned.kind];
      return (await step?.undo?.(facts.request, input.planned, callContext())) ?? {};
    },
  };
}

function refuseProblems({ name }: Pick<Computer, 'name'>, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const sentences = problems.map(({ where, problem }) => `${where}: ${problem}`);
  throw new InvalidInputError(`${name} cannot be loaded: ${sentences.join('; ')}`);
}

/** The libraries from which the copy can be brought, where the one that the node reads has none. */
async function missingCopy(
  { catalog }: ActivityDependencies,
  { revisionId }: LoadPlanRequest,
  library: string,
): Promise<readonly string[]> {
  if ((await catalog.copies.find(revisionId, library)) !== undefined) return [];
  return await librariesWith(catalog, revisionId, library);
}

async function carryOut(facts: LoadFacts, planned: PlanStep): Promise<Evidence> {
  const context = callContext();
  const step = need(facts.provisioner, 'loading').steps[planned.kind];
  if (step === undefined) throw unknownKind(facts.provisioner.name, planned);
  if (planned.pace !== 'poll') return await step.act(facts.request, planned, context);
  const wait = {
    what: planned.title,
    deadlineSeconds: planned.deadlineSeconds ?? defaultDeadlineSeconds,
    context,
  };
  return await pollUntil(wait, async () => await step.act(facts.request, planned, context));
}
