/** Reads files of a disk that no system has booted, without privileges over its content. Paths are absolute in the guest's root file system. */
export interface DiskFiles {
  /** Content of a regular file, at most `limitBytes` (default 1 MiB); undefined when there is none. */
  read(path: string, limitBytes?: number): Promise<string | undefined>;
  /** Names in a directory without `.` and `..`; undefined when it does not exist. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** What the root file system's superblock says: ext4's `clean` or `not clean`, last mount time and mount count. */
  fileSystem(): Promise<FileSystemState>;
}

export interface FileSystemState {
  readonly type: string;
  readonly clean: boolean;
  readonly lastMounted?: string;
  readonly mountCount?: number;
}
