import type { Mutation } from './controls/mutation.ts';
import { faults } from './faults.ts';
import { createInvariants } from './invariants.ts';
import { playOn, type PlayOptions } from './play.ts';
import type { Random } from './random.ts';
import type { Played } from './results.ts';
import { setStage } from './set-stage.ts';
import { figuresOfWork } from './simulated-figures.ts';
import { createNodes } from './simulated-nodes.ts';
import type { SimulatedStage } from './simulated-stage.ts';

export interface SimulatedOptions extends Omit<PlayOptions, 'untilViolated'> {
  /** After so long a run is taken for lost, in milliseconds. */
  readonly endMs: number;
  /** Absent: Imprint as it is. */
  readonly mutation?: Mutation;
  say(line: string): void;
}

/** A chaos run over the simulated world. With a mutation it ends as soon as that was caught. */
export async function play(options: SimulatedOptions): Promise<Played> {
  const { mutation, nodes } = options;
  const drama = {
    faults: faults.filter(({ kind }) => mutation === undefined || mutation.faults.includes(kind)),
    invariants: createInvariants(),
    createNodes: async (stage: SimulatedStage, random: Random) =>
      await createNodes(stage, { count: nodes, settings: mutation?.settings ?? {} }, random),
    figuresOfWork,
  };
  return await playOn(await setStage(options), drama, { ...options, untilViolated: mutation !== undefined });
}
