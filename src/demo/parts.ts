import type { NewComputer } from '../catalog/catalog.ts';

/** What the story is told on: real machines, or the simulated world. */
export interface DemoParts {
  /** One sentence for the beginning: what is real and what is not. */
  readonly introduction: string;
  readonly computers: readonly [NewComputer, NewComputer];
  readonly baseImage: {
    readonly file: string;
    readonly format: string;
    readonly operatingSystem: string;
    readonly module: string;
  };
  /** Settings of the worker beside those that every worker has. */
  readonly workerEnvironment: Readonly<Record<string, string>>;
  /** Bytes a second for the copy, so that it has a middle. */
  readonly copyRateBytes: number;
  /** Configures demo-1 as an administrator would, and stays logged in. Returns what was done, a line each. */
  configure(): Promise<readonly string[]>;
  /** How far the copy is, read on the host where it works and without any worker. */
  copyWithoutWorker(run: string): Promise<CopyOnHost>;
  /** What must hold on demo-2 after it was loaded. */
  prove(): Promise<readonly Proof[]>;
  close(): Promise<void>;
}

export interface CopyOnHost {
  readonly startedAt: string;
  readonly fraction: number;
}

/** One thing that was looked at, and whether it is as it must be. */
export interface Proof {
  readonly what: string;
  readonly holds: boolean;
  readonly found: string;
}
