import type { Catalog } from '../catalog/catalog.ts';
import type { Computer } from '../domain/computer.ts';
import type { OperatingSystem, StandardAccess } from '../os/operating-system.ts';
import type { Provisioner } from '../provisioners/provisioner.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { Shell } from '../remote/shell.ts';

/** What the activities of one management node work with. */
export interface ActivityDependencies {
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
  /** What the standard accounts get; reads secrets at each call. */
  standardAccess(): Promise<StandardAccess>;
}
