import type { DeleteRevisionInput } from '../domain/inputs.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { requireInput } from './require-input.ts';
import { Steps } from './steps.ts';

/** What deleteRevision answers. */
export interface DeleteRevisionResult {
  readonly image: string;
  readonly revision: number;
  /** Libraries in which its bytes were. */
  readonly libraries: readonly string[];
}

/** Deletes a retired revision that nothing uses, in every library. Procedure: docs/procedures/delete-revision.md */
export async function deleteRevision(input: DeleteRevisionInput): Promise<DeleteRevisionResult> {
  const { node: name } = requireInput(input);
  const steps = new Steps(name, `Delete ${name}`);

  return await runProcedure(steps, async () => {
    // 1. Mark the revision, and find who reaches its copies.
    const { revision, copies } = await steps.take(
      '1',
      `Mark ${name} as being deleted`,
      async (step) => await catalog(`Mark ${name}`).beginDeletion({ ...step, input }),
      { undo: async (step) => await catalog(`Keep ${name}`).takeDeletionBack({ ...step, input }) },
    );
    steps.stopIfCancelled();
    steps.pointOfNoReturn([]);
    steps.keep(`${name} may be gone in part; the same command goes on`);

    // 2. Delete its bytes in each library, by the management node that reaches it.
    for (const [index, { library, managementNode }] of copies.entries()) {
      const what = `Delete ${name} in library ${library}`;
      await steps.take(
        `2.${String(index + 1)}`,
        what,
        async (step) =>
          await onNode(managementNode, 'guest', what).deleteCopy({ ...step, revisionId: revision.id, library }),
        { noUndo: 'What is deleted does not come back; nothing used it, and it was retired before.' },
      );
    }

    // 3. Record that it is deleted, and the outcome.
    await steps.take(
      '3',
      `Record that ${name} is deleted`,
      async (step) =>
        await catalog(`Record that ${name} is deleted`).finishDeletion({
          ...step,
          revisionId: revision.id,
          by: input.by,
        }),
      { onlyForward: 'It is true.' },
    );
    await recordOutcome(steps, 'completed', `${name} is deleted`);
    return { image: revision.image, revision: revision.revision, libraries: copies.map(({ library }) => library) };
  });
}
