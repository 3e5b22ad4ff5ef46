import type { ClosedRuns } from './closed-runs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Notifier } from '../domain/notice.ts';
import type { Computer } from '../domain/computer.ts';
import type { OperatingSystem, StandardAccess } from '../os/operating-system.ts';
import type { Provisioner } from '../provisioners/provisioner.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { Shell } from '../remote/shell.ts';

/** What the activities of one management node work with. */
export interface ActivityDependencies extends ModuleDependencies {
  readonly runs: RunLookup;
  readonly closedRuns: ClosedRuns;
  readonly notifier: Notifier;
  /** After how long a run that waits for an operator is parked, and the alarm repeated. */
  readonly holdSeconds: number;
  /** For how many days archived histories are kept; absent: for ever. */
  readonly archiveDays?: number;
}

/**
 * What Temporal knows of a run, by the run's id: `open` while it may still act, `closed` however it ended, `absent` when there is no such
 * workflow: it was never started, or its retention is over.
 */
export type RunPresence = 'open' | 'closed' | 'absent';

export interface RunLookup {
  /** Asks Temporal afresh. UnavailableError when Temporal does not answer, ConflictError where it would not know the catalog's runs anyway. */
  presence(run: string): Promise<RunPresence>;
}

/** What can be had without Temporal. */
export interface ModuleDependencies {
  readonly catalog: Catalog;
  /** The provisioner of that name; UnsupportedError when this worker has none. */
  provisioner(name: string): Provisioner;
  /** The OS module of that name; UnsupportedError when there is none. */
  operatingSystem(module: string): OperatingSystem;
  /** The way to a computer's operating system, with verified host keys; connects on first use. */
  nodeShell(computer: Computer): Shell;
  /** This management node's own library. */
  readonly library: LibraryPlace;
  readonly jobs: Jobs;
  /** The private key that fetches copies from the libraries of other management nodes; reads the secret at each call. */
  libraryKey(): Promise<string>;
  /** What the standard accounts get; reads secrets at each call. */
  standardAccess(): Promise<StandardAccess>;
}
