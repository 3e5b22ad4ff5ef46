import type { RunHandle } from '../../src/client.ts';
import type { TestImprint } from '../support/imprint.ts';
import type { Tampering } from '../support/tampering.ts';

/** Where histories are recorded. */
export interface Recorder {
  readonly directory: string;
  readonly imprint: TestImprint;
  readonly tampering: Tampering;
}

/** One run whose history is kept. */
export interface Scenario {
  /** Name of the workflow. */
  readonly workflow: string;
  readonly name: string;
  /** Starts it; its end is waited for by the caller. */
  run(recorder: Recorder): Promise<Pick<RunHandle<unknown>, 'id' | 'result'>>;
}
