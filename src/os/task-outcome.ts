/** One named task of a module: idempotent, with its outcome. */
export interface TaskOutcome {
  readonly task: string;
  readonly outcome: 'changed' | 'unchanged' | 'skipped' | 'failed';
  /** A short sentence, never empty when it failed. */
  readonly detail: string;
  readonly durationMs: number;
}
