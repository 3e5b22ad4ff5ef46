import { CapacityError, ConflictError, InvalidInputError } from '../domain/errors.ts';
import { nameOfRevision } from '../domain/image.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import type { Evidence, PlanStep } from '../domain/plan.ts';
import { freeBytes, requireWritable } from '../library/prepare.ts';
import { imageExists } from '../library/publish.ts';
import { namingFullLibrary } from './full-library.ts';
import { doneBefore } from './done-before.ts';
import { need } from '../provisioners/provisioner.ts';
import type { CapturePlanRequest } from '../domain/plan-request.ts';
import type { StepInput } from '../domain/step-input.ts';
import { callContext, claimant } from './call.ts';
import { nameRevision, type NamedRevision } from './claiming.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { captureFacts, moduleOf, type CaptureFacts } from './facts.ts';
import { pollUntil } from './polling.ts';
import { reserveRevision } from './reserving.ts';
import { sealedBefore } from './sealed-before.ts';
import { describeTakenUp, planFromSealed, requireAnswering, takeUp, type TakenUp } from './take-up.ts';
import { imageClassOf } from './image-class.ts';
import { unknownKind } from './unknown-kind.ts';
import { actOnSystem } from './operating-system-steps.ts';
import { requireUsable } from '../catalog/require-loadable.ts';
import { chooseOperatingSystem } from '../catalog/choose-operating-system.ts';

type CaptureStepInput = StepInput & CapturePlanRequest;

/** Steps 2 to 5 of captureImage. */
export interface CapturePlanActivities {
  reserveRevision(input: StepInput & { readonly input: CaptureImageInput }): Promise<NamedRevision>;
  abandonRevision(input: StepInput): Promise<void>;
  checkCapture(input: CaptureStepInput): Promise<Evidence>;
  planCapture(input: CaptureStepInput): Promise<readonly PlanStep[]>;
  carryOutCaptureStep(input: CaptureStepInput & { readonly planned: PlanStep }): Promise<Evidence>;
  undoCaptureStep(input: CaptureStepInput & { readonly planned: PlanStep }): Promise<Evidence>;
}

export function createCapturePlanActivities(deps: ActivityDependencies): CapturePlanActivities {
  return {
    async reserveRevision({ input, run, node }) {
      const fence = await deps.catalog.claims.fence(claimant({ run, node }));
      const operatingSystem = await chooseOperatingSystem(deps.catalog, input);
      await requireUsable(deps.catalog, await deps.catalog.computers.get(input.node), { ...input, operatingSystem });
      const { image, comment, author } = input;
      const sealed = await sealedBefore(deps.catalog, { run, ...input });
      const revision = await reserveRevision(deps, {
        owner: run,
        image,
        operatingSystem,
        comment,
        author,
        capturedFrom: node,
        fence,
        ...(sealed === undefined ? {} : { as: sealed.revision }),
      });
      return nameRevision(revision);
    },

    async abandonRevision({ run, node }) {
      // The epoch rises, so that a reservation that was only slow comes to nothing.
      await deps.catalog.claims.fence(claimant({ run, node }));
      await deps.catalog.revisions.abandon(run);
    },

    async checkCapture(input) {
      const facts = await captureFacts(deps, input);
      const context = callContext();
      const problems = facts.provisioner.validate(facts.computer);
      const check = await need(facts.provisioner, 'capturing').check(facts.request, context);
      const all = [...problems, ...check.problems].map(({ where, problem }) => `${where}: ${problem}`);
      if (all.length > 0) throw new InvalidInputError(`${facts.computer.name} cannot be captured: ${all.join('; ')}`);
      await requireWritable(facts.library, context);
      const taken = await takeUp(deps, input, facts);
      if ('because' in taken) await requireAnswering(deps, input, facts, taken.because);
      await refuseExisting(facts);
      const free = await freeBytes(facts.library, context);
      if (free < check.bytesNeeded) throw tooFull(facts, check.bytesNeeded, free);
      const imageClass = imageClassOf(facts);
      return { bytesNeeded: check.bytesNeeded, bytesFree: free, imageClass, ...takesUpOf(input, taken) };
    },

    async planCapture(input) {
      const facts = await captureFacts(deps, input);
      const plan = await need(facts.provisioner, 'capturing').plan(facts.request, callContext());
      const taken = await takeUp(deps, input, facts);
      return 'sealed' in taken ? planFromSealed(plan, taken.sealed, facts.computer.name) : plan;
    },

    async carryOutCaptureStep(input) {
      const facts = await captureFacts(deps, input);
      const { planned } = input;
      const before = await doneBefore(deps, input, facts);
      if (before !== undefined) return before;
      if (planned.by === 'operating-system') {
        return await actOnSystem(deps, { ...facts, module: moduleOf(deps, facts.revision), planned });
      }
      return await namingFullLibrary(facts.library, planned.title, carryOut(facts, planned));
    },

    async undoCaptureStep(input) {
      const facts = await captureFacts(deps, input);
      const step = need(facts.provisioner, 'capturing').steps[input.planned.kind];
      return (await step?.undo?.(facts.request, input.planned, callContext())) ?? {};
    },
  };
}

function takesUpOf(input: CapturePlanRequest, taken: TakenUp): Evidence {
  const takesUp = describeTakenUp(input, taken);
  return takesUp === undefined ? {} : { takesUp };
}

async function carryOut(facts: CaptureFacts, planned: PlanStep): Promise<Evidence> {
  const context = callContext();
  const step = need(facts.provisioner, 'capturing').steps[planned.kind];
  if (step === undefined) throw unknownKind(facts.provisioner.name, planned);
  if (planned.pace !== 'poll') return await step.act(facts.request, planned, context);
  const wait = {
    what: planned.title,
    deadlineSeconds: planned.deadlineSeconds ?? facts.request.shutdownSeconds,
    context,
  };
  return await pollUntil(wait, async () => await step.act(facts.request, planned, context));
}

/** What lies in the library under the name of a revision that is only reserved is not ours: publishing would fail on it, hours later. */
async function refuseExisting({ library, revision }: CaptureFacts): Promise<void> {
  if (!(await imageExists(library, revision, callContext()))) return;
  throw new ConflictError(
    `library ${library.name} (${library.root}) holds ${nameOfRevision(revision)} already, which the catalog does not know`,
  );
}

function tooFull(facts: CaptureFacts, needed: number, free: number): CapacityError {
  const { name, root } = facts.library;
  return new CapacityError(
    `library ${name} (${root}) is too full for ${nameOfRevision(facts.revision)}: it may take ${String(needed)} bytes, ${String(free)} are free`,
    { evidence: { bytesNeeded: needed, bytesFree: free } },
  );
}
