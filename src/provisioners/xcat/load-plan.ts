import prettyBytes from 'pretty-bytes';
import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { requireLoad, type XcatNode } from './node.ts';
import { archivesOf } from './place.ts';

/** The steps of a load, as data. What belongs after READY is marked with `phase: 'afterReady'`. */
export function planLoad(node: XcatNode, request: LoadRequest): readonly PlanStep[] {
  const { name } = request.computer;
  const revision = nameOfRevision(request.revision);
  const bytes = archivesOf(request).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { bootTarget } = requireLoad(node);
  return [
    step('place', `Bring ${revision} to where xCAT serves it (${prettyBytes(bytes, { binary: true })})`, 'place', {
      pace: 'long',
      undo: { none: 'What xCAT serves of a revision is shared by all loads of it.' },
    }),
    step('power-off-outgoing', `Power off what is loaded on ${name}`, 'powerOffOutgoing', {
      pace: 'guest',
      deadlineSeconds: node.settings.shutdownSeconds + node.settings.confirmSeconds + 300,
      undo: { title: `Power ${name} on again if it was on and its disk was not touched` },
    }),
    step('boot-target', `Let ${name} boot what loads it (${bootTarget})`, 'setTarget', {
      undo: { title: `Let ${name} boot what it did before` },
    }),
    step('start', `Start the load of ${name}`, 'start', {
      pace: 'guest',
      deadlineSeconds: node.settings.confirmSeconds + 300,
      undo: { title: `Cut the power of ${name}, whose disk may be half written` },
    }),
    step('await-load', `Follow the load of ${name} to its end`, 'awaitLoad', {
      pace: 'long',
      undo: { none: 'It only reads.' },
    }),
    step('forget', `Remove the notes of the load of ${name}`, 'forget', {
      phase: 'afterReady',
      undo: { none: 'The new system has been READY; nothing is taken back any more.' },
    }),
  ];
}

function step(
  id: string,
  title: string,
  kind: string,
  {
    phase = 'beforeBoot',
    ...rest
  }: Pick<PlanStep, 'undo'> & Partial<Pick<PlanStep, 'pace' | 'deadlineSeconds'>> & { readonly phase?: string },
): PlanStep {
  return { id, title, by: 'provisioner', kind, pace: 'short', arguments: { phase }, ...rest };
}
