import { playOn, type PlayOptions } from '../play.ts';
import type { Played } from '../results.ts';
import { realFaults } from './real-faults.ts';
import { figuresOfRealWork } from './real-figures.ts';
import { createRealInvariants } from './real-invariants.ts';
import { createRealNodes } from './real-nodes.ts';
import type { RealStage } from './real-stage.ts';
import { setRealStage } from './set-real-stage.ts';

export interface RealOptions extends Omit<PlayOptions, 'untilViolated'> {
  /** After so long a run is taken for lost, in milliseconds. */
  readonly endMs: number;
  say(line: string): void;
}

/** A chaos run over real virtual machines. */
export async function playReal(options: RealOptions): Promise<Played> {
  const drama = {
    faults: realFaults,
    invariants: createRealInvariants(),
    createNodes: async (stage: RealStage) => await Promise.resolve(createRealNodes(stage)),
    figuresOfWork: figuresOfRealWork,
  };
  return await playOn(await setRealStage(options), drama, options);
}
