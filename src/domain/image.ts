import { revisionName } from './names.ts';

/**
 * `capturing`: reserved by a run, not visible to loads. `available`: published. `retired`: kept, not loaded any more. `deleting`: a run removes its
 * bytes. `deleted`: they are gone; its number never comes again.
 */
export const revisionStates = ['capturing', 'available', 'retired', 'deleting', 'deleted'] as const;
export type RevisionState = (typeof revisionStates)[number];

/**
 * Disk formats of images. A format comes from the definition, never from looking at the content. `configuration` is no disk but the text of a service's
 * configuration: all that an image of class `service` holds. `archive`: a file that a site's own imaging environment, or tar, wrote and reads; Imprint
 * keeps it, and cannot look into it. How it is packed is said by its name: `.gz`, `.zst`. `chunks`: the used blocks of a physical disk as a machine sent
 * them, in frames that prove themselves (src/library/chunks).
 */
export const diskFormats = ['qcow2', 'raw', 'simulated', 'configuration', 'archive', 'chunks'] as const;
export type DiskFormat = (typeof diskFormats)[number];

/** One disk of an image, as its manifest describes it. */
export interface ImageDisk {
  /** The disk's name on the machine that it was captured from: `vda`, `sda`. The first is the boot disk. */
  readonly name: string;
  /** File name inside the revision's directory: `vda.qcow2`. */
  readonly file: string;
  readonly format: DiskFormat;
  /** What the guest sees; of a configuration and of an archive, for which that is not known, what the file takes. */
  readonly virtualSizeBytes: number;
  /** What the file takes. */
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * What an image was made of. `sealed`: the disks of a system that was prepared, sealed and seen off. `live`: a system that ran while it was copied,
 * so nothing of it is proved clean. `service`: the configuration of a service, with no operating system in it.
 */
export const imageClasses = ['sealed', 'live', 'service'] as const;
export type ImageClass = (typeof imageClasses)[number];

/** How a captured disk's clean shutdown was proved. An image is captured only from a disk for which it was, or an operator allowed another. */
export interface CleanShutdownProof {
  /**
   * `clean`: asked to power off itself, first reading of off without a power-off by us, file systems carry their clean mark. `forced`: an operator
   * allowed otherwise. `none`: nothing was shut down, because the image's class is `live` or `service`.
   */
  readonly kind: 'clean' | 'forced' | 'imported' | 'none';
  /** The system's own reason at the first reading of off, if it gave one. */
  readonly reason?: string;
  /** ISO 8601; when off was first read. */
  readonly offSince?: string;
  /** What of the proof could not be looked at, in words: an archive does not show the clean marks of its file systems. Absent when all of it was. */
  readonly notSeen?: string;
}

/** One check of a seal on the staged copy. `unknown` says that it could not be made; only `failed` stops the publishing. */
export interface SealCheck {
  /** Stable key: `machine-id`, `ssh-host-keys`, `users` … */
  readonly check: string;
  readonly outcome: 'passed' | 'failed' | 'unknown';
  /** What was looked at and what was found. */
  readonly found: string;
}

/** Written beside the disks of a revision as `manifest.json`; enough to import it elsewhere. */
export interface Manifest {
  readonly schema: 1;
  readonly image: string;
  readonly revision: number;
  readonly revisionId: number;
  readonly operatingSystem: string;
  /** Absent means `sealed`. */
  readonly imageClass?: ImageClass;
  readonly disks: readonly ImageDisk[];
  /** The provisioning system that made it, and its definition of the machine (libvirt: domain XML without the machine's own identity). */
  readonly source: {
    readonly provisioningSystem: string;
    readonly computer: string;
    readonly run: string;
    readonly definition?: string;
  };
  readonly cleanShutdown: CleanShutdownProof;
  readonly sealChecks: readonly SealCheck[];
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Of a revision that was imported from an exported directory: which one that was, where it was made. */
  readonly origin?: RevisionOrigin;
  /** Only in an exported directory: what else the catalog knew. */
  readonly catalog?: { readonly comment: string; readonly author: string; readonly osModule?: string };
}

export interface RevisionOrigin {
  readonly image: string;
  readonly revision: number;
  readonly revisionId: number;
  readonly run: string;
  readonly created: string;
}

/** Whether no preCapture of ours has written this revision's name into the image: it was made elsewhere, under another name, or of a system that ran. */
export function isImported({ manifest }: Pick<Revision, 'manifest'>): boolean {
  if (manifest?.imageClass === 'live') return true;
  return manifest?.cleanShutdown.kind === 'imported' || manifest?.origin !== undefined;
}

/** A revision as the catalog knows it. */
export interface Revision {
  readonly id: number;
  readonly imageId: number;
  readonly image: string;
  readonly revision: number;
  readonly operatingSystem: string;
  /** Key of the OS module in the registry (`linux` …); absent when no operating system is involved. */
  readonly osModule?: string;
  readonly state: RevisionState;
  /** The run that reserved it. */
  readonly owner?: string;
  readonly comment: string;
  readonly author: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly sizeBytes?: number;
  readonly manifest?: Manifest;
  /** When and by whom it was last retired, restored or deleted; absent when it never was. */
  readonly stateChanged?: string;
  readonly stateChangedBy?: string;
}

/** `demo-web-v1` */
export function nameOfRevision(revision: Pick<Revision, 'image' | 'revision'>): string {
  return revisionName(revision.image, revision.revision);
}

/** `demo-web@1`: how people name a revision to a command. */
export function referenceOf(revision: Pick<Revision, 'image' | 'revision'>): string {
  return `${revision.image}@${String(revision.revision)}`;
}

/** The bytes of a revision in one library. */
export interface RevisionCopy {
  readonly revisionId: number;
  readonly library: string;
  /** Directory, absolute on the library's host. */
  readonly path: string;
  readonly sizeBytes: number;
  /** What the files looked like at the last full check of their sha256; any difference makes the next load check in full. */
  readonly verified?: { readonly at: string; readonly files: readonly FileIdentity[] };
}

/** What `stat` says of a file; equal values mean that nobody wrote to it since. */
export interface FileIdentity {
  readonly file: string;
  readonly sizeBytes: number;
  readonly inode: string;
  /** Seconds since the epoch, with fraction as `stat` prints it. */
  readonly modified: string;
  readonly changed: string;
}
