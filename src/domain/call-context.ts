/** What a capability is given beside its arguments: how to stop, and how to say that it is alive. */
export interface CallContext {
  /** Aborted when the caller no longer waits. It never ends a job: jobs are ended by their undo. */
  readonly signal: AbortSignal;
  /** Reports progress; call it at least every few seconds in anything that can last more than a minute. */
  progress(progress: Progress): void;
}

/** How far a long piece of work is. Sent as the activity's heartbeat. */
export interface Progress {
  /** A sentence for a person: `Copy vda`. */
  readonly what: string;
  /** 0 to 1; absent while unknown. */
  readonly fraction?: number;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  /** The job that does the work, for whoever looks for it on its host. */
  readonly job?: string;
}
