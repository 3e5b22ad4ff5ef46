/**
 * A run's right to act on a node. `epoch` rises whenever another attempt or another execution of the run takes over, so whoever
 * holds a lower one was superseded and must not act. Job and staging directories keep the highest they have seen.
 */
export interface Fence {
  readonly node: string;
  /** The run that owns the node: its Temporal workflow id. */
  readonly owner: string;
  readonly epoch: number;
}
