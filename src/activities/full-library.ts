import { CapacityError, errorChain } from '../domain/errors.ts';
import { freeBytes } from '../library/prepare.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { isOutOfSpace } from '../remote/out-of-space.ts';
import { callContext } from './call.ts';

/** Where work found no space left: the same CapacityError, saying in which library, and what is free there. `doing`: `Copy vda of lab-07`. */
export async function namingFullLibrary<T>(library: LibraryPlace, doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CapacityError) || !isOutOfSpace(errorChain(error) + JSON.stringify(error.evidence)))
      throw error;
    throw await named(library, doing, error);
  }
}

async function named(library: LibraryPlace, doing: string, cause: CapacityError): Promise<CapacityError> {
  const { name, root } = library;
  const free = await freeBytes(library, callContext()).catch(() => undefined);
  const left = free === undefined ? '' : ` has ${String(free)} bytes free`;
  return new CapacityError(
    `no space left for "${doing}": library ${name} (${root})${left}; make room and start again`,
    {
      cause,
      evidence: { ...cause.evidence, library: name, ...(free === undefined ? {} : { bytesFree: free }) },
    },
  );
}
