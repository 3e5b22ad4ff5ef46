import { simulatedSystem } from '../test/support/imprint.ts';
import type { IdleNode, Nodes } from './nodes.ts';
import type { Random } from './random.ts';
import { capture, load, power, type Request } from './request.ts';
import type { SimulatedStage } from './simulated-stage.ts';
import { must } from './waiting.ts';

/** Turns after which a node rests for good: so hundreds of nodes come on. */
const turnsMax = 4;

export interface NodesOptions {
  readonly count: number;
  /** In place of those that are drawn. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export async function createNodes(
  stage: SimulatedStage,
  { count, settings }: NodesOptions,
  random: Random,
): Promise<Nodes> {
  const { world, catalog, addNode } = stage.imprint;
  const idle: IdleNode[] = [];
  const images: string[] = [];
  for (let made = 0; made < count; made += 1) {
    idle.push({ name: await addNode({ ...drawSettings(random), ...settings }), turns: 0 });
  }
  return {
    images,
    patienceMs: 18_000,
    take: (own) => {
      const index = idle.length === 0 ? -1 : own.whole(0, Math.min(idle.length, 40) - 1);
      return index < 0 ? undefined : idle.splice(index, 1)[0];
    },
    giveBack: ({ name, turns }) => {
      if (turns + 1 < turnsMax) idle.unshift({ name, turns: turns + 1 });
    },
    draw: async ({ name }, own) => await drawRequest(stage, name, { images, random: own }),
    see: async ({ name }) => {
      const { power: now, loaded, offSince } = await world.machine(await catalog.computers.get(name));
      return {
        power: now,
        ...(loaded === undefined ? {} : { loaded }),
        ...(offSince === undefined ? {} : { offSince }),
      };
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

interface Drawing {
  readonly images: readonly string[];
  readonly random: Random;
}

/** What is sealed or off is loaded or started, what is on is captured or loaded. */
async function drawRequest(stage: SimulatedStage, node: string, { images, random }: Drawing): Promise<Request> {
  const { world, catalog } = stage.imprint;
  const machine = await must(
    `look at ${node}`,
    async () => await world.machine(await catalog.computers.get(node)),
    60_000,
  );
  const isOn = machine.power === 'on' && machine.offAt === undefined;
  const loadOne = (): Request => load(stage, node, random.one(images));
  const mayLoad = images.length > 0;
  if (!isOn) return mayLoad && machine.loaded?.sealed !== undefined ? loadOne() : power(stage, node, 'on');
  if (mayLoad && random.chance(0.4)) return loadOne();
  if (random.chance(0.15)) return power(stage, node, 'off');
  return capture(stage, node, {
    after: random.one(['leaveOff', 'leaveOff', 'reload', 'reload', 'powerOn'] as const),
    operatingSystem: simulatedSystem,
  });
}
