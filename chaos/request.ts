import { simulatedSystem } from '../test/support/imprint.ts';
import type { Asked } from './ledger.ts';
import type { IdleNode, Nodes } from './nodes.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';
import { must } from './waiting.ts';

/** What one client does with one node. */
export interface Turn {
  readonly stage: Stage;
  readonly nodes: Nodes;
  readonly node: IdleNode;
  readonly random: Random;
}

/** What a client asks for, under a key of its own. */
export interface Request extends Pick<Asked, 'run' | 'procedure' | 'node' | 'image' | 'power'> {
  /** Asked again with the same key, there is one run. */
  start(): Promise<unknown>;
}

let count = 0;

/** A run that makes sense on the node as it is: what is sealed or off is loaded or started, what is on is captured or loaded. */
export async function drawRequest(turn: Turn): Promise<Request> {
  const { stage, nodes, node, random } = turn;
  const { world, catalog } = stage.imprint;
  const machine = await must(
    `look at ${node.name}`,
    async () => await world.machine(await catalog.computers.get(node.name)),
    60_000,
  );
  const isOn = machine.power === 'on' && machine.offAt === undefined;
  const mayLoad = nodes.images.length > 0;
  if (!isOn) return mayLoad && machine.loaded?.sealed !== undefined ? load(turn) : power(turn, 'on');
  if (mayLoad && random.chance(0.4)) return load(turn);
  return random.chance(0.15) ? power(turn, 'off') : capture(turn);
}

function capture({ stage, node, random }: Turn): Request {
  const requestKey = nextKey();
  const image = `image-${requestKey}`;
  const after = drawAfter(random);
  return {
    run: `captureImage/${node.name}/${requestKey}`,
    procedure: 'captureImage',
    node: node.name,
    image,
    start: async () => {
      const request = { node: node.name, image, after, operatingSystem: simulatedSystem };
      return await stage.imprint.client.startCapture(request, { requestKey });
    },
  };
}

function drawAfter(random: Random): 'leaveOff' | 'reload' | 'powerOn' {
  return random.one(['leaveOff', 'leaveOff', 'reload', 'reload', 'powerOn']);
}

function load({ stage, nodes, node, random }: Turn): Request {
  const requestKey = nextKey();
  const image = random.one(nodes.images);
  return {
    run: `loadNode/${node.name}/${requestKey}`,
    procedure: 'loadNode',
    node: node.name,
    image,
    start: async () => await stage.imprint.client.startLoad({ node: node.name, image }, { requestKey }),
  };
}

function power({ stage, node }: Turn, action: 'on' | 'off'): Request {
  const requestKey = nextKey();
  return {
    run: `powerNode/${node.name}/${requestKey}`,
    procedure: 'powerNode',
    node: node.name,
    power: action,
    start: async () => await stage.imprint.client.power({ node: node.name, action }, { requestKey }),
  };
}

function nextKey(): string {
  count += 1;
  return `k${String(count).padStart(5, '0')}`;
}
