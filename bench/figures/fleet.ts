import { setTimeout as delay } from 'node:timers/promises';
import type { SlotResourceState } from '../../src/catalog/slots.ts';
import { simulatedSystem, startImprint, type TestImprint } from '../../test/support/imprint.ts';
import { copyLasting } from '../../test/support/copies.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { rounded } from '../statistics.ts';

/** Loads of many nodes through few slots. */
export const fleet: Benchmark = {
  name: 'fleet',
  about: '200 simulated loads at once through 10 slots: whether one is lost, a slot leaks, or somebody jumps the queue',
  needs: [],
  async measure(stage) {
    const imprint = await startImprint({ directory: stage.directory });
    try {
      const worker = await imprint.startWorker();
      const figure = await loadMany(stage, imprint);
      await worker.kill();
      return [figure];
    } finally {
      await imprint.stop();
    }
  },
};

/** Each load takes one of these; the management node has as many as its default says. */
const resource = 'management-node/mn-test';

async function loadMany(stage: Stage, imprint: TestImprint): Promise<Figure> {
  const image = await captureImage(imprint);
  const nodes: string[] = [];
  while (nodes.length < sized(stage, 200, 12)) nodes.push(await imprint.addNode(copyLasting(0)));
  const slots = sized(stage, 10, 3);
  await imprint.catalog.slots.setCapacity(resource, slots);
  const started = Date.now();
  const loads = await imprint.client.startLoads({ image, nodes });
  const queue = watchQueue(stage, imprint);
  const { members } = await loads.result();
  const seen = await queue.stop();
  if (seen.most === 0) throw new Error(`nobody was seen to have a slot of ${resource}`);
  const seconds = (Date.now() - started) / 1000;
  const loaded = members.filter(({ state }) => state === 'loaded').length;
  const leaked = (await imprint.catalog.slots.list()).reduce((sum, { holders }) => sum + holders.length, 0);
  stage.say(`${String(loaded)} loaded after ${String(Math.round(seconds))} s`);
  return {
    id: 'fleet',
    title: `${String(nodes.length)} simulated loads at once through ${String(slots)} slots, completed in the order of the queue`,
    bar: { kind: 'at least', limit: nodes.length },
    unit: 'loads',
    value: loaded - seen.jumped,
    samples: {
      'loads that were not completed': [nodes.length - loaded],
      'slots that were held at the end': [leaked],
      'loads that began before one that had asked earlier': [seen.jumped],
      'slots in use at the most': [seen.most],
      'looks at the queue': [seen.looks],
      'seconds for all': [rounded(seconds)],
    },
    how: 'One `startLoads` of all nodes. The queue is looked at all the time: who has a slot, while somebody who had asked earlier still waits, has jumped it.',
  };
}

async function captureImage(imprint: TestImprint): Promise<string> {
  const node = await imprint.addNode(copyLasting(0));
  const image = imprint.fresh('image');
  await (await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem })).result();
  return image;
}

interface QueueSeen {
  readonly most: number;
  readonly jumped: number;
  readonly looks: number;
}

function watchQueue(stage: Stage, imprint: TestImprint): { stop(): Promise<QueueSeen> } {
  const order = createOrder();
  let stopped = false;
  const watching = (async () => {
    for (let look = 0; !stopped; look += 1) {
      const state = (await imprint.catalog.slots.list()).find((one) => one.resource === resource);
      if (state !== undefined) order.see(state);
      if (look % 100 === 0) stage.say(`${String(state?.queue.length ?? 0)} wait`);
      await delay(300);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return order.seen();
    },
  };
}

/** Remembers who asked before whom, and who was let in before somebody who had asked earlier. */
function createOrder(): { see(state: SlotResourceState): void; seen(): QueueSeen } {
  const ranks = new Map<string, number>();
  const jumped = new Set<string>();
  let most = 0;
  let looks = 0;
  return {
    see({ holders, queue }) {
      looks += 1;
      most = Math.max(most, holders.length);
      for (const { run } of queue) if (!ranks.has(run)) ranks.set(run, ranks.size);
      const firstWaiting = Math.min(...queue.map(({ run }) => ranks.get(run) ?? Infinity));
      for (const { run } of holders) if ((ranks.get(run) ?? -1) > firstWaiting) jumped.add(run);
    },
    seen: () => ({ most, jumped: jumped.size, looks }),
  };
}
