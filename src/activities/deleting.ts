import { ConflictError, NotFoundError } from '../domain/errors.ts';
import { parseDeleteRevisionInput, type DeleteRevisionInput } from '../domain/inputs.ts';
import { nameOfRevision } from '../domain/image.ts';
import type { StepInput } from '../domain/step-input.ts';
import { removeRevision } from '../library/remove-revision.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { callContext } from './call.ts';
import type { NamedRevision } from './claiming.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { hostLibraryOf } from './host-library.ts';

/** A copy to delete, and the management node whose worker reaches it. */
export interface CopyToDelete {
  readonly library: string;
  readonly managementNode: string;
}

/** What deleteRevision does. */
export interface DeletingActivities {
  /** From here on the revision is `deleting`. Refused while anything uses it, or while another run deletes it. */
  beginDeletion(
    input: StepInput & { readonly input: DeleteRevisionInput },
  ): Promise<{ readonly revision: NamedRevision; readonly copies: readonly CopyToDelete[] }>;
  /** Its undo, before any bytes were touched. */
  takeDeletionBack(input: StepInput & { readonly input: DeleteRevisionInput }): Promise<void>;
  /** On the management node: the bytes in one library. */
  deleteCopy(input: StepInput & { readonly revisionId: number; readonly library: string }): Promise<void>;
  finishDeletion(input: StepInput & { readonly revisionId: number; readonly by: string }): Promise<void>;
}

export function createDeletingActivities(deps: ActivityDependencies): DeletingActivities {
  const { catalog } = deps;
  return {
    async beginDeletion({ input, ...step }) {
      const parsed = parseDeleteRevisionInput(input);
      await registerDeletion(deps, step, parsed);
      const { id } = await catalog.revisionDeletion.find(parsed);
      const copies = await Promise.all((await catalog.copies.list(id)).map((copy) => locate(deps, copy.library)));
      const revision = await catalog.revisionDeletion.begin(parsed, step.run, await stoppedRun(deps, id));
      const { image, revision: number } = parsed;
      return { revision: { id, image, revision: number, name: nameOfRevision(revision) }, copies };
    },

    async takeDeletionBack({ input, ...step }) {
      const found = (await catalog.revisions.list(input.image)).find(({ revision }) => revision === input.revision);
      if (found !== undefined) await catalog.revisionDeletion.takeBack(found.id, step.run);
    },

    async deleteCopy({ revisionId, library }) {
      const revision = await catalog.revisions.get(revisionId);
      const copy = await catalog.copies.find(revisionId, library);
      if (copy === undefined) return;
      if (revision.state !== 'deleting') throw new ConflictError(`${nameOfRevision(revision)} is ${revision.state}`);
      await removeRevision(await placeOf(deps, library), revision, copy, callContext());
      await catalog.revisionDeletion.forgetCopy(revisionId, library);
    },

    async finishDeletion({ revisionId, by, ...step }) {
      await catalog.revisionDeletion.finish(revisionId, step.run, by);
    },
  };
}

/** A workflow that was started without the client becomes a run of the catalog here. */
async function registerDeletion(
  { catalog }: ActivityDependencies,
  step: StepInput,
  input: DeleteRevisionInput,
): Promise<void> {
  if ((await catalog.runs.find(step.run)) !== undefined) return;
  await catalog.runs.register({ id: step.run, procedure: 'deleteRevision', node: input.node, input: { ...input } });
}

/** The run that began to delete the revision and is over: another one may go on with it. */
async function stoppedRun({ catalog, runs }: ActivityDependencies, revisionId: number): Promise<string | undefined> {
  const run = await catalog.revisionDeletion.deletingRun(revisionId);
  return run === undefined || (await runs.presence(run)) === 'open' ? undefined : run;
}

/** The management node that reaches a library: it is its own, or that of a host which one of its nodes names. */
async function locate(deps: ActivityDependencies, library: string): Promise<CopyToDelete> {
  const own = (await deps.catalog.managementNodes.list()).find(({ name }) => name === library);
  if (own !== undefined) return { library, managementNode: own.name };
  for (const computer of await deps.catalog.computers.list()) {
    if (hostLibraryOf(deps, computer)?.name === library) return { library, managementNode: computer.managementNode };
  }
  throw noWayTo(library);
}

async function placeOf(deps: ActivityDependencies, library: string): Promise<LibraryPlace> {
  if (deps.library.name === library) return deps.library;
  for (const computer of await deps.catalog.computers.list()) {
    const place = hostLibraryOf(deps, computer);
    if (place?.name === library) return place;
  }
  throw noWayTo(library);
}

function noWayTo(library: string): NotFoundError {
  return new NotFoundError(`no management node and no node's settings say where library ${library} is`);
}
