import prettyBytes from 'pretty-bytes';
import type { ImageDisk } from '../../domain/image.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { imageDisks } from './load-check.ts';
import type { LibvirtSettings } from './settings.ts';

/** The steps of a load, as data. What belongs after READY is marked with `phase: 'afterReady'`. */
export function loadSteps(request: LoadRequest, settings: LibvirtSettings): readonly PlanStep[] {
  const name = request.computer.name;
  const revision = nameOfRevision(request.revision);
  return [
    powerOffStep(name, settings),
    ...imageDisks(request).map((disk) =>
      settings.clone === 'full-copy' ? copyStep(name, disk) : createStep(name, disk),
    ),
    step({
      id: 'define',
      title: `Define ${name} with ${revision}`,
      kind: 'define',
      undo: { title: `Give ${name} its earlier definition back` },
    }),
    step({ id: 'start', title: `Start ${name}`, kind: 'start', undo: { title: `Cut the power of ${name}` } }),
    step({
      id: 'retire-outgoing',
      title: `${request.keepOutgoing ? 'Set aside' : 'Delete'} the outgoing disks of ${name}`,
      kind: 'retireOutgoing',
      arguments: { phase: 'afterReady' },
      undo: { none: 'The new system has been READY; the outgoing one is not needed any more.' },
    }),
  ];
}

function powerOffStep(name: string, settings: LibvirtSettings): PlanStep {
  return step({
    id: 'power-off-outgoing',
    title: `Power off what is loaded on ${name}`,
    kind: 'powerOffOutgoing',
    pace: 'guest',
    deadlineSeconds: settings.shutdownSeconds + 300,
    arguments: { phase: 'beforeBoot', limitSeconds: settings.shutdownSeconds },
    undo: { none: 'The outgoing system stays off and whole; powering it on again is a run of its own.' },
  });
}

function createStep(name: string, disk: ImageDisk): PlanStep {
  return step({
    id: `create-${disk.name}`,
    title: `Make the disk ${disk.name} of ${name}, copy-on-write`,
    kind: 'createDisk',
    arguments: { phase: 'beforeBoot', disk: disk.name },
    undo: { title: `Delete the new disk ${disk.name}` },
  });
}

function copyStep(name: string, disk: ImageDisk): PlanStep {
  return step({
    id: `copy-${disk.name}`,
    title: `Copy the disk ${disk.name} to ${name} (${prettyBytes(disk.sizeBytes, { binary: true })})`,
    kind: 'copyDisk',
    pace: 'long',
    arguments: { phase: 'beforeBoot', disk: disk.name },
    undo: { title: `End the copy of ${disk.name} and delete the new disk` },
  });
}

function step(what: Pick<PlanStep, 'id' | 'title' | 'kind' | 'undo'> & Partial<PlanStep>): PlanStep {
  return { by: 'provisioner', pace: 'short', arguments: { phase: 'beforeBoot' }, ...what };
}
