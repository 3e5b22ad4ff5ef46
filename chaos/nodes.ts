import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** A node that nobody works on now. */
export interface IdleNode {
  readonly name: string;
  /** How many runs it has had. */
  readonly turns: number;
}

/** The nodes of the workload, and the images that were captured so far. */
export interface Nodes {
  /** One that nobody has taken; undefined when there is none. */
  take(random: Random): IdleNode | undefined;
  giveBack(node: IdleNode): void;
  /** Images that a load may ask for. */
  readonly images: string[];
}

/** Turns after which a node rests for good: so hundreds of nodes come on. */
const turnsMax = 4;

export async function createNodes({ imprint }: Stage, count: number, random: Random): Promise<Nodes> {
  const idle: IdleNode[] = [];
  for (let made = 0; made < count; made += 1) {
    idle.push({ name: await imprint.addNode(drawSettings(random)), turns: 0 });
  }
  return {
    images: [],
    take: (own) => {
      const index = idle.length === 0 ? -1 : own.whole(0, Math.min(idle.length, 40) - 1);
      return index < 0 ? undefined : idle.splice(index, 1)[0];
    },
    giveBack: ({ name, turns }) => {
      if (turns + 1 < turnsMax) idle.unshift({ name, turns: turns + 1 });
    },
  };
}

/** Steps that last long enough to be struck: a copy takes 2 to 15 s. */
function drawSettings(random: Random): Readonly<Record<string, unknown>> {
  return {
    bootSeconds: random.whole(2, 15) / 10,
    shutdownSeconds: random.whole(5, 20) / 10,
    preCaptureSeconds: random.whole(1, 10) / 10,
    disks: [{ name: 'vda', usedBytes: random.whole(2, 15) * 1_000_000 }],
    copyBytesPerSecond: 1_000_000,
  };
}
