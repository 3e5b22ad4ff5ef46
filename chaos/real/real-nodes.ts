import type { Sight } from '../ledger.ts';
import type { IdleNode, Nodes } from '../nodes.ts';
import type { Random } from '../random.ts';
import { capture, load, power, type Request } from '../request.ts';
import { eventually, must } from '../waiting.ts';
import type { RealStage } from './real-stage.ts';

/** So long a guest may take until it can be worked with, in milliseconds: it boots without KVM, and other faults go on. */
const readyMs = 120_000;

/** Makes a copy last for half a minute, so that it can be struck. Bytes a second. */
const copyRateBytes = 20 * 1024 ** 2;

/** The domains of a real stage, one after the other. */
export function createRealNodes(stage: RealStage): Nodes {
  const idle: IdleNode[] = [...stage.relays.keys()].map((name) => ({ name, turns: 0 }));
  const images = ['base'];
  return {
    images,
    patienceMs: 60_000,
    take: () => idle.shift(),
    giveBack: ({ name, turns }) => void idle.push({ name, turns: turns + 1 }),
    draw: async ({ name }, random) => await drawRequest(stage, name, { images, random }),
    see: async ({ name }) => await see(stage, name),
  };
}

interface Drawing {
  readonly images: readonly string[];
  readonly random: Random;
}

/** What answers is captured, switched off or loaded anew; what is off is loaded, or switched on where it was just switched off. */
async function drawRequest(stage: RealStage, node: string, { images, random }: Drawing): Promise<Request> {
  const [isOn, choice, image] = [await isRunning(stage, node), random.whole(1, 100), random.one(images)];
  if (!isOn) return choice <= 60 && wasSwitchedOff(stage, node) ? power(stage, node, 'on') : load(stage, node, image);
  if ((await imageOn(stage, node)) === undefined || choice > 85) return load(stage, node, image);
  if (choice > 70) return power(stage, node, 'off');
  return capture(stage, node, { after: choice > 50 ? 'reload' : 'leaveOff', author: 'chaos', copyRateBytes });
}

function wasSwitchedOff({ ledger }: RealStage, node: string): boolean {
  return ledger.all().findLast((asked) => asked.node === node)?.power === 'off';
}

async function see(stage: RealStage, node: string): Promise<Sight> {
  if (!(await isRunning(stage, node))) return { power: 'off' };
  const loaded = await imageOn(stage, node);
  return { power: 'on', ...(loaded === undefined ? {} : { loaded }) };
}

/** libvirt may be away just then. A domain that is not defined does not run. */
async function isRunning({ vm }: RealStage, node: string): Promise<boolean> {
  const running = await must('ask libvirt what runs', async () => await vm.virsh('list', '--name'), 180_000);
  return running.split('\n').includes(node);
}

/** What the guest says it was loaded with, when it is ready; undefined when it is not within the time. */
async function imageOn({ imprint }: RealStage, node: string): Promise<string | undefined> {
  return await eventually(async () => {
    const { status, currentimage } = await imprint.client.nodeStatus(node);
    return status === 'READY' ? currentimage : undefined;
  }, readyMs);
}
