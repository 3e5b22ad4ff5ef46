import prettyBytes from 'pretty-bytes';
import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import type { DiskPair } from './load-order.ts';

const LOST = 'what was on its disks is lost, and it is empty until something is loaded';

/** The plan of a load, as data: it overwrites the disks, so from `image` on nothing leads back to what was on them. */
export function loadPlan(request: LoadRequest, pairs: readonly DiskPair[]): readonly PlanStep[] {
  const { name } = request.computer;
  const revision = nameOfRevision(request.revision);
  const bytes = pairs.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  const targets = pairs.map(({ source, target }) => target?.name ?? source.name).join(', ');
  const size = prettyBytes(bytes, { binary: true });
  return [
    step({
      id: 'order',
      title: `Order the load of ${name} with ${revision}`,
      kind: 'order',
      undo: { title: `Withdraw the order of ${name}` },
    }),
    step({
      id: 'boot-network',
      title: `Let ${name} boot from the network`,
      kind: 'bootNetwork',
      undo: { title: `Let ${name} boot from its disk again` },
    }),
    step({
      id: 'restart',
      title: `Start ${name} into the imaging environment`,
      kind: 'restart',
      undo: { title: `End the imaging of ${name} and cut its power; if it had begun to write, ${LOST}` },
    }),
    step({
      id: 'image',
      title: `Overwrite ${targets} of ${name} with ${revision} (${size})`,
      kind: 'image',
      pace: 'long',
      undo: { none: `There is no way back to the outgoing system of ${name}: ${LOST}.` },
    }),
    ...endSteps(name),
  ];
}

function endSteps(name: string): readonly PlanStep[] {
  return [
    step({
      id: 'power-off',
      title: `Wait until ${name} is off after its imaging`,
      kind: 'powerOff',
      undo: { none: `${name} stays off; there is no way back to its outgoing system.` },
    }),
    step({
      id: 'boot-disk',
      title: `Let ${name} boot from its disk`,
      kind: 'bootDisk',
      undo: { none: 'It is what every node has at rest.' },
    }),
    step({
      id: 'start',
      title: `Power ${name} on`,
      kind: 'start',
      undo: { title: `Cut the power of ${name}; the new system stays on its disks, not prepared` },
    }),
    step({
      id: 'close',
      title: `Close the order of ${name}`,
      kind: 'close',
      arguments: { phase: 'afterReady' },
      undo: { none: 'The new system has been READY; the order was carried out.' },
    }),
  ];
}

function step(what: Pick<PlanStep, 'id' | 'title' | 'kind' | 'undo'> & Partial<PlanStep>): PlanStep {
  return { by: 'provisioner', pace: 'short', arguments: { phase: 'beforeBoot' }, ...what };
}
