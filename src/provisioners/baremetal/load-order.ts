import { posix } from 'node:path';
import { ConflictError } from '../../domain/errors.ts';
import { nameOfRevision, type ImageDisk } from '../../domain/image.ts';
import type { LoadRequest } from '../provisioner.ts';
import type { ImagingOrder } from './imaging.ts';
import { cardsOf, selectOf, type Machine } from './machine.ts';
import type { DiskSettings } from './settings.ts';

/** Name of the order of a load, in the run that made it. */
export const LOAD_ORDER = 'load-disks';

/** A disk of the image, and the disk of the machine onto which it comes: the first onto the first, and so on. */
export interface DiskPair {
  readonly source: ImageDisk;
  readonly target: DiskSettings | undefined;
}

/** ConflictError when the revision has no manifest. */
export function diskPairs({ settings }: Machine, { revision }: LoadRequest): readonly DiskPair[] {
  const { manifest } = revision;
  if (manifest === undefined) throw new ConflictError(`load ${nameOfRevision(revision)}: it has no manifest`);
  return manifest.disks.map((source, index) => ({ source, target: settings.disks[index] }));
}

/** What the machine is to do in a load; the same in every attempt. */
export function loadOrder(machine: Machine, request: LoadRequest): ImagingOrder {
  const { computer, settings } = machine;
  return {
    run: request.fence.owner,
    epoch: request.fence.epoch,
    step: LOAD_ORDER,
    node: computer.name,
    macAddresses: cardsOf(computer),
    work: {
      kind: 'load',
      disks: diskPairs(machine, request).map(({ source, target }) => ({
        name: source.name,
        select: selectOf(requireTarget(source, target)),
        file: posix.join(request.copy.path, source.file),
        sizeBytes: source.virtualSizeBytes,
      })),
      grow: settings.grow,
      hostKeys: request.revision.osModule !== undefined,
    },
  };
}

function requireTarget({ name }: ImageDisk, target: DiskSettings | undefined): DiskSettings {
  if (target !== undefined) return target;
  throw new ConflictError(`load the disk ${name}: the machine has no disk for it`);
}
