import type { Sight } from '../ledger.ts';
import type { IdleNode, Nodes } from '../nodes.ts';
import type { Random } from '../random.ts';
import { capture, load, power, type Request } from '../request.ts';
import { eventually, must } from '../waiting.ts';
import type { RealStage } from './real-stage.ts';

/** So long a guest may take until it can be worked with, in milliseconds: it boots without KVM, and other faults go on. */
const readyMs = 90_000;

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

/**
 * What answers is captured, reset or loaded anew; what is off is loaded or switched on. No machine is asked to power off: the guest has nothing
 * that hears the power button.
 */
async function drawRequest(stage: RealStage, node: string, { images, random }: Drawing): Promise<Request> {
  const [isOn, choice, image] = [await isRunning(stage, node), random.whole(1, 100), random.one(images)];
  const isDefined = stage.ledger.all().some((asked) => asked.node === node);
  if (!isOn) return choice <= 10 && isDefined ? power(stage, node, 'on') : load(stage, node, image);
  if (choice > 85 || (await imageOn(stage, node)) === undefined) return load(stage, node, image);
  if (choice > 80) return power(stage, node, 'reset');
  return capture(stage, node, { after: choice > 60 ? 'reload' : 'leaveOff', author: 'chaos', copyRateBytes });
}

/** Whether a guest answers is asked of those only that were just loaded: it takes a boot. */
async function see(stage: RealStage, node: string): Promise<Sight> {
  if (!(await isRunning(stage, node))) return { power: 'off' };
  const last = stage.ledger.all().findLast((asked) => asked.node === node);
  const loaded = last?.procedure === 'loadNode' ? await imageOn(stage, node) : undefined;
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
