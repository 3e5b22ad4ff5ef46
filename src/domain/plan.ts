/** JSON as it lies in a workflow's history. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * How long a step may last and how it is waited for; each names one set of activity options.
 * `short`: seconds on the management node or a hypervisor. `guest`: minutes over SSH on the computer.
 * `poll`: asks again at a fixed interval until its deadline (NotReadyError means "not yet"). `long`: hours, resumable, done by a job.
 */
export type Pace = 'short' | 'guest' | 'poll' | 'long';

/** One line of a plan: what will be done, as data. It lies in the history, is what a dry run prints and what a retry continues from. */
export interface PlanStep {
  /** Unique in its plan, stable between attempts: `copy-vda`. Names of jobs and files derive from it. */
  readonly id: string;
  /** For people, with the thing and its size: `Copy vda of lab-07 (12.4 GiB)`. */
  readonly title: string;
  /** Who does it: the provisioner, or the OS module over the computer's shell. */
  readonly by: 'provisioner' | 'operating-system';
  /** Which of its functions: a key of `Capturing.steps` or `Loading.steps`, or an OS verb. */
  readonly kind: string;
  readonly pace: Pace;
  /** For `poll` and `guest`: how long to try before the step fails. */
  readonly deadlineSeconds?: number;
  readonly arguments: JsonObject;
  /**
   * `off`: its evidence says how a system was seen off that was prepared and sealed before. A later run that finds the same may leave out all that
   * comes before this step, and this step.
   */
  readonly proves?: 'off';
  /** The title of its undo, or the one sentence that says why it needs none. */
  readonly undo: { readonly title: string } | { readonly none: string };
}

/** What a step found or did, for the record of the run: small, free of secrets, never empty on failure. */
export type Evidence = JsonObject;
