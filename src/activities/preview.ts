import { requireUsable } from '../catalog/require-loadable.ts';
import type { CapturePreview } from '../domain/capture-preview.ts';
import { parseCaptureImageInput, parseNodeInput, type CaptureImageInput } from '../domain/inputs.ts';
import { freeBytes } from '../library/prepare.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { driverFor } from './driving.ts';
import { nodeFacts, type CaptureFacts } from './facts.ts';
import { previewOwnership } from './preview-ownership.ts';
import { describeTakenUp, planFromSealed, requireAnswering, takeUp } from './take-up.ts';
import { unreservedRequest } from './unreserved-request.ts';

/** What planCapture is made of. Both only read, and neither is a step of a run. */
export interface PreviewActivities {
  locateNode(input: { readonly node: string }): Promise<{ managementNode: string }>;
  previewCapture(input: { readonly input: CaptureImageInput }): Promise<CapturePreview>;
}

export function createPreviewActivities(deps: ActivityDependencies): PreviewActivities {
  const { catalog } = deps;
  return {
    async locateNode(input) {
      const { managementNode } = await driverFor(deps, await catalog.computers.get(parseNodeInput(input).node));
      return { managementNode };
    },

    async previewCapture({ input }) {
      const parsed = parseCaptureImageInput(input);
      const facts = await nodeFacts(deps, parsed.node);
      const request = await unreservedRequest(catalog, facts, parsed);
      const { operatingSystem } = request.revision;
      const able = await requireUsable(catalog, facts.computer, { ...parsed, operatingSystem });
      const owned = await previewOwnership(deps, facts.computer, parsed.resumes?.run);
      const check = await need(facts.provisioner, 'capturing').check(request, callContext());
      const problems = [...owned.problems, ...facts.provisioner.validate(facts.computer), ...check.problems];
      const planned =
        problems.length === 0
          ? await planFor(deps, { ...facts, revision: request.revision, request }, parsed)
          : nothing;
      const bytesFree = await freeBytes(facts.library, callContext());
      const tooFull = { where: 'library', problem: `${facts.library.root} is too full` };
      const all = bytesFree < check.bytesNeeded ? [...problems, tooFull] : problems;
      const { image, revision } = request.revision;
      return {
        revision: `${image}-v${String(revision)}`,
        ...planned,
        check: { problems: all, bytesNeeded: check.bytesNeeded, bytesFree, library: facts.library.name },
        ...(able.includes(facts.computer.provisioningSystem) ? {} : { loadableBy: able }),
        ...(owned.takesOverFrom === undefined ? {} : { takesOverFrom: owned.takesOverFrom }),
      };
    },
  };
}

const nothing: Pick<CapturePreview, 'steps'> = { steps: [] };

async function planFor(
  deps: ActivityDependencies,
  facts: CaptureFacts,
  { resumes }: CaptureImageInput,
): Promise<Pick<CapturePreview, 'steps' | 'takesUp'>> {
  const asked = { run: facts.request.fence.owner, ...(resumes === undefined ? {} : { resumes }) };
  const taken = await takeUp(deps, asked, facts);
  if ('because' in taken) await requireAnswering(deps, asked, facts, taken.because);
  const plan = await need(facts.provisioner, 'capturing').plan(facts.request, callContext());
  const takesUp = describeTakenUp(asked, taken);
  if ('because' in taken) return { steps: plan, ...(takesUp && { takesUp }) };
  return { steps: planFromSealed(plan, taken.sealed, facts.computer.name), ...(takesUp && { takesUp }) };
}
