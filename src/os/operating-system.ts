import type { CallContext } from '../domain/call-context.ts';
import type { Computer } from '../domain/computer.ts';
import type { CurrentImage } from '../domain/current-image.ts';
import type { DiskFiles } from '../domain/disk-files.ts';
import type { Revision, SealCheck } from '../domain/image.ts';
import type { Shell } from '../remote/shell.ts';
import type { Site } from './site.ts';
import type { TaskOutcome } from './task-outcome.ts';
import type { UserAccess } from './user-access.ts';

export type { TaskOutcome } from './task-outcome.ts';

/** Prepares and checks one family of operating systems, over a Shell. Every function may be run again after any cut. */
export interface OperatingSystem {
  readonly name: string;
  /** Reads currentimage.txt; undefined when there is none. */
  currentImage(shell: Shell, context: CallContext): Promise<CurrentImage | undefined>;
  /** What can be repeated over SSH: from logging users off to the initramfs. Ends access to nothing. */
  preCapture(shell: Shell, request: PreCaptureRequest, context: CallContext): Promise<readonly TaskOutcome[]>;
  /**
   * What ends access or would come back at shutdown: one script, started detached on the guest, ending in `endState`. Returns once it is
   * started; running it again while it runs, or when it was found half done, is safe.
   */
  seal(shell: Shell, request: SealRequest, context: CallContext): Promise<readonly TaskOutcome[]>;
  /** Makes a freshly loaded system ready for use and writes `vcld_post_load=success (…)`. */
  postLoad(shell: Shell, request: PostLoadRequest, context: CallContext): Promise<readonly TaskOutcome[]>;
  /** Hook of the outgoing system before it is replaced. */
  preReload(shell: Shell, context: CallContext): Promise<readonly TaskOutcome[]>;
  markTainted(shell: Shell, reason: string, context: CallContext): Promise<void>;
  /** Asks the system to power off, and returns. */
  shutdown(shell: Shell, context: CallContext): Promise<void>;
  reboot(shell: Shell, context: CallContext): Promise<void>;
  /** Host keys that a booting system printed on its serial console, newest boot only; undefined when it printed none (yet). */
  hostKeysOnConsole(text: string): readonly string[] | undefined;
  /** Checks the seal on a disk that nobody booted. Never throws for a failed check: each says what it found. */
  sealChecks(files: DiskFiles, expected: SealExpectation): Promise<readonly SealCheck[]>;
  /** Lets a user in over SSH, and out again; absent: nodes with such a system are not handed over. */
  readonly userAccess?: UserAccess;
}

/** What a management node's settings add to every capture and load; all of it may be absent. */
export interface OperatingSystemOptions {
  /** Scripts, files and drivers of the site. */
  readonly site?: Site;
  /** How long each script of the site may take, in seconds. Default 300, as in Apache VCL. */
  readonly siteScriptSeconds?: number;
  /** Addresses and networks from which a loaded system accepts SSH. Absent: from everywhere. */
  readonly sshSources?: readonly string[];
}

/** `off` (default): shut down. `on`: leave on. `reboot`: begin a reboot and return. As on the provisioning interface's page. */
export type EndState = 'off' | 'on' | 'reboot';

/** What the known accounts get: resolved from a secret that the settings name; never part of a workflow's input. */
export interface StandardAccess {
  /** A crypt(3) hash for root; absent locks the password. */
  readonly rootPasswordHash?: string;
  /** Lines for root's authorized_keys; at least the management node's own key. */
  readonly authorizedKeys: readonly string[];
}

export interface PreCaptureRequest {
  readonly computer: Computer;
  readonly revision: Revision;
  readonly access: StandardAccess;
  /** Accounts made for the imaging session, to be logged off and deleted with their homes. Absent: all human accounts (uid 1000 to 59999). */
  readonly users?: readonly string[];
}

export interface SealRequest {
  readonly endState: EndState;
  readonly revision: Revision;
}

export interface PostLoadRequest {
  readonly computer: Computer;
  readonly revision: Revision;
  readonly access: StandardAccess;
}

export interface SealExpectation {
  /** First line of currentimage.txt. */
  readonly revisionName: string;
  readonly revisionId: number;
  /** Accounts that preCapture removed. */
  readonly removedUsers: readonly string[];
}
