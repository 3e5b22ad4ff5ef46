import { Context } from '@temporalio/activity';
import type { Catalog } from '../catalog/catalog.ts';
import type { Revision } from '../domain/image.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import { libraryPaths } from '../library/paths.ts';
import type { CaptureRequest } from '../provisioners/provisioner.ts';
import type { NodeFacts } from './facts.ts';
import { chooseOperatingSystem } from '../catalog/choose-operating-system.ts';
import { sealedBefore } from './sealed-before.ts';

/** As a capture would have it, but with a revision that is in no catalog and a fence that no claim has given. */
export async function unreservedRequest(
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
  const next = { id: 0, revision: (newest?.revision ?? 0) + 1 };
  return {
    ...((await takenUpNumber(catalog, input, newest)) ?? next),
    imageId: known?.id ?? 0,
    image,
    operatingSystem,
    ...(module === undefined ? {} : { osModule: module }),
    state: 'capturing',
    comment,
    author,
    created: new Date().toISOString(),
  };
}

/** What the sealed disk calls itself, while no other capture has that number. */
async function takenUpNumber(
  catalog: Catalog,
  { resumes }: CaptureImageInput,
  newest: Revision | undefined,
): Promise<Pick<Revision, 'id' | 'revision'> | undefined> {
  if (resumes === undefined) return undefined;
  const sealed = await sealedBefore(catalog, resumes);
  if (sealed === undefined) return undefined;
  const { id, revision } = sealed.revision;
  const isFree = newest === undefined || newest.revision < revision || newest.id === id;
  return isFree ? { id, revision } : undefined;
}
