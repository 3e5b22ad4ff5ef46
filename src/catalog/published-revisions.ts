import type { Fence } from '../domain/fence.ts';
import type { Revision } from '../domain/image.ts';
import type { NumberedRevision } from '../domain/names.ts';
import type { RevisionUse } from '../domain/revision-use.ts';

/**
 * What operators do with published revisions. Each records who asked (`by`) and when, and succeeds when it is so already. NotFoundError names
 * what is missing, ConflictError says what stands in the way.
 */
export interface RevisionLife {
  /** The image's name alone means this revision from now on, newer or older than the one before. Only an available one. */
  promote(reference: NumberedRevision, by: string): Promise<Revision>;
  /**
   * Loads are refused from now on; what is loaded stays so. Of the production revision only when no other one is available: then the image
   * has none.
   */
  retire(reference: NumberedRevision, by: string): Promise<Revision>;
  /** Takes a retirement back. The revision becomes production where the image has none. */
  restore(reference: NumberedRevision, by: string): Promise<Revision>;
}

/** Who works with the bytes of a revision. While anybody does, it is not deleted. */
export interface RevisionUses {
  /**
   * Records that the run of the fence loads this revision, until its claim is released. ConflictError when it is not available (any more).
   * Recorded already: success, whatever became of the revision since.
   */
  hold(fence: Fence, revisionId: number): Promise<void>;
  list(revisionId: number): Promise<readonly RevisionUse[]>;
  /** Records that no disks of earlier loads lie on the node any more. */
  forgetReplaced(fence: Fence): Promise<void>;
}

/** The catalog's part of deleting a revision. `run` is the id of the run that does it. */
export interface RevisionDeletion {
  /** The revision by its number, in whatever state. NotFoundError names what is missing. */
  find(reference: NumberedRevision): Promise<Revision>;
  /** What `begin` would refuse, without changing anything. */
  check(reference: NumberedRevision): Promise<Revision>;
  /**
   * The revision is `deleting` from now on, and no load gets it any more. Only a retired one that nothing uses: ConflictError otherwise, which
   * says what uses it. Begun by the same run already: success. Begun by another run, which stopped half-way: only when that is `instead`.
   */
  begin(reference: NumberedRevision, run: string, instead?: string): Promise<Revision>;
  /** The run that has begun to delete the revision and has not ended it. */
  deletingRun(revisionId: number): Promise<string | undefined>;
  /** Back to `retired`. Not begun by this run, or its bytes were touched, by this or by an earlier run: nothing. */
  takeBack(revisionId: number, run: string): Promise<void>;
  /** Its bytes in this library are gone. Again: nothing. */
  forgetCopy(revisionId: number, library: string): Promise<void>;
  /** Nothing is left of it but its row. ConflictError while there is a copy. Again: nothing. */
  finish(revisionId: number, run: string, by: string): Promise<void>;
}
