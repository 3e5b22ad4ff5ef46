/** A run's history in Temporal's JSON: what the SDK's replayer, the download of Temporal's UI and `temporal workflow show --output json` use. */
export interface RunHistory {
  /** The workflow's name: `captureImage`. */
  readonly workflow: string;
  /** The run's id; histories of old servers do not have it. */
  readonly run?: string;
  /** Numbered from 1, without a gap. */
  readonly events: readonly HistoryEvent[];
}

/** One event. Beside what every event has there is one property `…EventAttributes`, which says what it is. */
export interface HistoryEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** ISO 8601, UTC. */
  readonly eventTime: string;
  readonly [property: string]: unknown;
}
