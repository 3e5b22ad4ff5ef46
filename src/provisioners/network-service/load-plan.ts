import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import type { ServiceNode } from './node.ts';

/** How long restarted daemons may take until they run what they did before. */
const RESTART_SECONDS = 120;

/** The steps of a load, as data. What belongs after READY is marked with `phase: 'afterReady'`. */
export function loadSteps(
  { service, settings, computer: { name } }: ServiceNode,
  request: LoadRequest,
): readonly PlanStep[] {
  const revision = nameOfRevision(request.revision);
  return [
    step({
      id: 'keep-outgoing',
      title: `Keep what ${service.subject} runs now on ${name}`,
      kind: 'keepOutgoing',
      undo: { title: `Forget what was kept of ${name}` },
    }),
    step({
      id: 'check-wanted',
      title: `Check ${revision} with the service's own tool on ${name}`,
      kind: 'checkWanted',
      undo: { none: 'It writes beside what was kept, and goes with it.' },
    }),
    step({
      id: 'apply',
      title: `Apply ${revision} to ${service.subject} on ${name}`,
      kind: 'apply',
      undo: { title: `Put back what ran on ${name}` },
    }),
    step({
      id: 'prove-applied',
      title: `Read back that ${name} runs ${revision}`,
      kind: 'proveApplied',
      undo: { none: 'It only reads.' },
    }),
    step({
      id: 'persist',
      title: `Make ${revision} what ${service.subject} starts with on ${name}`,
      kind: 'persist',
      undo: { title: `Put ${service.persistedAt} back` },
    }),
    ...(settings.restart === undefined ? [] : restartSteps(service.subject, name, revision)),
    step({
      id: 'note-loaded',
      title: `Note on the host that ${revision} is loaded on ${name}`,
      kind: 'noteLoaded',
      undo: { title: `Put the earlier note of ${name} back` },
    }),
    step({
      id: 'retire-outgoing',
      title: `${request.keepOutgoing ? 'Set aside' : 'Delete'} what was kept of ${name}`,
      kind: 'retireOutgoing',
      arguments: { phase: 'afterReady' },
      undo: { none: 'The new configuration has been READY; the outgoing one is not needed any more.' },
    }),
  ];
}

function restartSteps(subject: string, name: string, revision: string): readonly PlanStep[] {
  return [
    step({
      id: 'restart',
      title: `Restart ${subject} on ${name}`,
      kind: 'restart',
      undo: { title: `Have ${subject} running again on ${name}` },
    }),
    step({
      id: 'prove-restarted',
      title: `Read back that ${name} runs ${revision} after the restart`,
      kind: 'proveRestarted',
      pace: 'poll',
      deadlineSeconds: RESTART_SECONDS,
      undo: { none: 'It only reads.' },
    }),
  ];
}

function step(what: Pick<PlanStep, 'id' | 'title' | 'kind' | 'undo'> & Partial<PlanStep>): PlanStep {
  return { by: 'provisioner', pace: 'short', arguments: { phase: 'beforeBoot' }, ...what };
}
