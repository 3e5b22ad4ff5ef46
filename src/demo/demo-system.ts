import type { ImprintClient } from '../client.ts';
import type { SystemNeed } from '../platform/packages.ts';
import type { Platform } from '../platform/platform.ts';
import type { ProgressReporter } from '../platform/progress.ts';
import type { StateDirectory } from '../platform/state-directory.ts';
import type { DemoDirectories } from './directories.ts';
import type { Say } from './follow.ts';
import type { Outcome } from './story.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A provisioning system as the demo shows it. */
export interface DemoSystem {
  /** One line for `--help`. */
  readonly summary: string;
  /** Whether the demo's own libvirt daemon is started for it. */
  readonly libvirt: boolean;
  /** System packages that are installed where they are missing. */
  readonly packages: readonly SystemNeed[];
  /** Tells its story, and says what came of it. What it started it ends, unless `keep`. */
  tell(scene: DemoScene): Promise<Outcome>;
  /** Ends what an earlier story has left running beside its worker. Nothing there: success. */
  clear?(place: Pick<StateDirectory, 'path'>): Promise<void>;
}

/** What a story is told on: servers that run, an empty catalog, and directories of the demo's own. */
export interface DemoScene {
  readonly client: ImprintClient;
  readonly platform: Platform;
  readonly directories: DemoDirectories;
  /** Settings of the commands and workers that the story starts. */
  readonly environment: Readonly<Record<string, string>>;
  readonly reporter: ProgressReporter;
  readonly say: Say;
  /** Whether everything is left running at the end. */
  readonly keep: boolean;
  /** Starts `imprint worker` with these settings beside `environment`, and waits until it is ready. */
  startWorker(settings: Readonly<Record<string, string>>): Promise<WorkerProcess>;
}
