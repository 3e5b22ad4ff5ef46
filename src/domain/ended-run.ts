import type { Json, JsonObject } from './plan.ts';
import type { Procedure, RunState } from './run.ts';

/** How an execution ended, in Temporal's words. */
export const endStatuses = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', 'CONTINUED_AS_NEW'] as const;
export type EndStatus = (typeof endStatuses)[number];

/** One execution of a run. After a reset in Temporal a run has several: the same run, another execution. */
export interface ExecutionKey {
  readonly run: string;
  /** Temporal's own run id. */
  readonly execution: string;
}

/** What ended a run that did not complete. */
export interface RunFailure {
  /** Class of the error: `IntegrityError`, `ConflictError` …; `Cancelled`, `TerminatedFailure`, `TimeoutFailure`. */
  readonly reason: string;
  readonly message: string;
}

/** All that Temporal keeps of an execution that has ended. Times are ISO 8601, UTC. */
export interface EndedExecution extends ExecutionKey {
  readonly procedure: Procedure;
  readonly node: string;
  readonly input: JsonObject;
  readonly status: EndStatus;
  readonly started: string;
  readonly closed: string;
  /** What the procedure answered. */
  readonly result?: Json;
  /** Absent exactly when it completed. */
  readonly failure?: RunFailure;
  readonly searchAttributes: JsonObject;
  readonly memo: JsonObject;
  /** JSON of all events, as Temporal's UI and command line export it: the SDK's replayer reads it. */
  readonly history: string;
}

const states: Readonly<Record<EndStatus, Exclude<RunState, 'running'>>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  CONTINUED_AS_NEW: 'lost',
};

/** The state that the catalog gives a run whose last word it has not heard. */
export function stateOfEnd(status: EndStatus): Exclude<RunState, 'running'> {
  return states[status];
}

/** One sentence for the catalog, where the run itself could not say what came of it. */
export function outcomeOfEnd(ended: Pick<EndedExecution, 'status' | 'failure' | 'procedure' | 'node'>): string {
  const { status, failure } = ended;
  const why = failure === undefined || failure.message === '' ? '' : `: ${failure.message}`;
  switch (status) {
    case 'COMPLETED':
      return 'completed';
    case 'FAILED':
      return failure?.message ?? 'failed';
    case 'CANCELLED':
      return 'cancelled';
    case 'TERMINATED':
    case 'TIMED_OUT':
    case 'CONTINUED_AS_NEW':
      return `the run was ended in Temporal (${stateOfEnd(status)}${why}): ${leftByEnd(ended)}`;
  }
}

/** What is left by a run that did not end by itself, as part of a sentence. `node`: what it worked on. */
export function leftByEnd({ procedure, node }: Pick<EndedExecution, 'procedure' | 'node'>): string {
  switch (procedure) {
    case 'captureImage':
    case 'loadNode':
    case 'powerNode':
    case 'unloadNode':
    case 'freeNode':
    case 'reserveNode':
    case 'reclaimNode':
      return `its steps were not taken back, and it may still own ${node}`;
    case 'checkNode':
      return 'it only read';
    case 'deleteRevision':
      return `${node} may be gone in part; the same command goes on`;
    case 'loadFleet':
      return 'the loads that it had begun go on by themselves';
  }
}
