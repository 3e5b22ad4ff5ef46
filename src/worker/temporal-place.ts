import type { NativeConnection } from '@temporalio/worker';

/** Where to work. */
export interface TemporalPlace {
  readonly connection: NativeConnection;
  readonly namespace: string;
}
