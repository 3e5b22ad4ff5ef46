import type { EndedExecution, ExecutionKey } from '../domain/ended-run.ts';

/** What Temporal still keeps of runs that have ended. UnavailableError when it does not answer. */
export interface ClosedRuns {
  /**
   * The ended executions of procedures that closed at `since` (ISO 8601) or later, by page; all that Temporal keeps without it. An execution
   * comes into this list some seconds after its end.
   */
  list(since: string | undefined): AsyncIterable<readonly ExecutionKey[]>;
  /** All of one execution; of a run's latest without `execution`. Undefined when it goes on, or when Temporal does not know it (any more). */
  read(key: Pick<ExecutionKey, 'run'> & Partial<ExecutionKey>): Promise<EndedExecution | undefined>;
}
