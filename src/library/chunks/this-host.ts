import { UnsupportedError } from '../../domain/errors.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';

/** As the shell of the host on which this process runs calls it (src/remote/local-shell.ts). */
const THIS_HOST = 'this host';

/** Chunks are written and read by the management node itself, in its own library. UnsupportedError for one on another host. */
export function requireThisHost(place: LibraryPlace, what: string): void {
  if (place.shell.host === THIS_HOST) return;
  throw new UnsupportedError(
    `${what}: library ${place.name} lies on ${place.shell.host}; a disk of chunks is read in a management node’s own library only`,
  );
}
