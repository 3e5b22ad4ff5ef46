import type { DiskFiles } from '../domain/disk-files.ts';
import type { DiskFormat } from '../domain/image.ts';

/** A disk file that nobody writes to, of a format that its definition gives. */
export interface DiskToOpen {
  /** Absolute path on the library's host. */
  readonly file: string;
  readonly format: DiskFormat;
  /** Absolute path of a directory on the library's host for what the reading needs: an empty mount point, or a raw copy without FUSE. */
  readonly scratch: string;
}

export interface OpenDiskFiles extends DiskFiles {
  /** Ends what was started for it and removes its scratch files. Again: nothing. */
  close(): Promise<void>;
}
