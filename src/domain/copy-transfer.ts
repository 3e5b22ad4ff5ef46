import { revisionName } from './names.ts';

/** A copy of a revision that is brought into a library; several runs may need it, and one at a time brings it. */
export interface CopyTransfer {
  readonly revisionId: number;
  readonly image: string;
  readonly revision: number;
  /** Into which it is brought. */
  readonly library: string;
}

/** The owner of what is staged for it: no run, so that the next run goes on where the one before was ended. */
export function transferOwner({ library, image, revision }: Omit<CopyTransfer, 'revisionId'>): string {
  return `bringCopy/${library}/${revisionName(image, revision)}`;
}

/** The slot of whoever brings or proves the copy; the others wait for it in line. */
export function turnOfTransfer(owner: string): string {
  return owner.replace(/^bringCopy\//, 'check/');
}

/** The revision's name in the owner of a transfer: `web-v3`; undefined for any other owner. */
export function revisionOfTransfer(owner: string): string | undefined {
  return /^bringCopy\/[^/]+\/(.+-v\d+)$/.exec(owner)?.[1];
}
