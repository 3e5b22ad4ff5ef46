import type { TestImprint } from '../test/support/imprint.ts';
import type { SmallDisk } from '../test/support/small-disk.ts';
import type { Stage } from './stage.ts';

/** A stage whose machines are simulated: hundreds of them, and each counts what is done to it. */
export interface SimulatedStage extends Stage {
  readonly imprint: TestImprint;
  /** What the library lies on; undefined where no file system can be mounted. */
  readonly disk: SmallDisk | undefined;
  /** Runs whose job was killed: their copy must begin again. */
  readonly jobsKilled: { readonly node: string; readonly owner: string; readonly job: string }[];
}
