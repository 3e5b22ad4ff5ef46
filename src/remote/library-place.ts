import type { Shell } from './shell.ts';

/** A library: a directory in one file system, and the host on which it is worked with. */
export interface LibraryPlace {
  /** Unique in the catalog: `mn-a`, or `kvm-01` for a host's own library. */
  readonly name: string;
  /** Absolute path on `shell`'s host. */
  readonly root: string;
  readonly shell: Shell;
}
