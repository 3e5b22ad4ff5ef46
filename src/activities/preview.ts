import { Context } from '@temporalio/activity';
import type { Catalog } from '../catalog/catalog.ts';
import type { CapturePreview } from '../domain/capture-preview.ts';
import type { Problem } from '../domain/computer.ts';
import type { Revision } from '../domain/image.ts';
import { parseCaptureImageInput, parseNodeInput, type CaptureImageInput } from '../domain/inputs.ts';
import type { PlanStep } from '../domain/plan.ts';
import { libraryPaths } from '../library/paths.ts';
import { freeBytes } from '../library/prepare.ts';
import { need, type CaptureRequest, type Provisioner } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { checkGuest } from './guest-check.ts';
import { nodeFacts, type NodeFacts } from './facts.ts';
import { chooseOperatingSystem } from './operating-system-choice.ts';
import { previewOwnership } from './preview-ownership.ts';

/** What planCapture is made of. Both only read, and neither is a step of a run. */
export interface PreviewActivities {
  locateNode(input: { readonly node: string }): Promise<{ managementNode: string }>;
  previewCapture(input: { readonly input: CaptureImageInput }): Promise<CapturePreview>;
}

export function createPreviewActivities(deps: ActivityDependencies): PreviewActivities {
  const { catalog } = deps;
  return {
    async locateNode(input) {
      const { managementNode } = await catalog.computers.get(parseNodeInput(input).node);
      return { managementNode };
    },

    async previewCapture({ input }) {
      const parsed = parseCaptureImageInput(input);
      const facts = await nodeFacts(deps, parsed.node);
      const request = await unreservedRequest(catalog, facts, parsed);
      const owned = await previewOwnership(deps, facts.computer);
      const check = await need(facts.provisioner, 'capturing').check(request, callContext());
      const problems = [...owned.problems, ...facts.provisioner.validate(facts.computer), ...check.problems];
      if (problems.length === 0) await checkGuest(deps, facts, request.revision);
      const bytesFree = await freeBytes(facts.library, callContext());
      const tooFull = { where: 'library', problem: `${facts.library.root} is too full` };
      const all = bytesFree < check.bytesNeeded ? [...problems, tooFull] : problems;
      const { image, revision } = request.revision;
      return {
        revision: `${image}-v${String(revision)}`,
        steps: await planOrNothing(facts.provisioner, request, problems),
        check: { problems: all, bytesNeeded: check.bytesNeeded, bytesFree, library: facts.library.name },
        ...(owned.takesOverFrom === undefined ? {} : { takesOverFrom: owned.takesOverFrom }),
      };
    },
  };
}

async function planOrNothing(
  provisioner: Provisioner,
  request: CaptureRequest,
  problems: readonly Problem[],
): Promise<readonly PlanStep[]> {
  return problems.length > 0 ? [] : await need(provisioner, 'capturing').plan(request, callContext());
}

/** As a capture would have it, but with a revision that is in no catalog and a fence that no claim has given. */
async function unreservedRequest(
  catalog: Catalog,
  { computer, library }: NodeFacts,
  input: CaptureImageInput,
): Promise<CaptureRequest> {
  const owner = Context.current().info.workflowExecution?.workflowId ?? 'planCapture';
  return {
    computer,
    revision: await unreservedRevision(catalog, input),
    fence: { node: computer.name, owner, epoch: 0 },
    library,
    staging: libraryPaths(library).staging(owner),
    allowForcedOff: input.allowForcedOff,
    shutdownSeconds: input.shutdownSeconds,
    ...(input.copyRateBytes === undefined ? {} : { copyRateBytes: input.copyRateBytes }),
  };
}

async function unreservedRevision(catalog: Catalog, input: CaptureImageInput): Promise<Revision> {
  const { image, comment, author } = input;
  const operatingSystem = await chooseOperatingSystem(catalog, input);
  const { module } = await catalog.operatingSystems.get(operatingSystem);
  const known = await catalog.revisions.findImage(image);
  const newest = known === undefined ? undefined : (await catalog.revisions.list(image))[0];
  return {
    id: 0,
    imageId: known?.id ?? 0,
    image,
    revision: (newest?.revision ?? 0) + 1,
    operatingSystem,
    ...(module === undefined ? {} : { osModule: module }),
    state: 'capturing',
    comment,
    author,
    created: new Date().toISOString(),
  };
}
