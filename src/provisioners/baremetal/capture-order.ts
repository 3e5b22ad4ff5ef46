import { posix } from 'node:path';
import type { CaptureRequest } from '../provisioner.ts';
import type { DiskRecord, ImagingOrder } from './imaging.ts';
import { cardsOf, selectOf, type Machine } from './machine.ts';
import type { DiskSettings } from './settings.ts';

/** `sda.chunks` */
export function fileOf({ name }: DiskSettings): string {
  return `${name}.chunks`;
}

/** What the machine is to do in a capture; the same in every attempt. `expected`: what was found of its disks before. */
export function captureOrder(
  { computer, settings }: Machine,
  { fence, staging }: CaptureRequest,
  expected?: readonly DiskRecord[],
): ImagingOrder {
  return {
    run: fence.owner,
    epoch: fence.epoch,
    step: 'capture-disks',
    node: computer.name,
    macAddresses: cardsOf(computer),
    work: {
      kind: 'capture',
      disks: settings.disks.map((disk) => ({
        name: disk.name,
        select: selectOf(disk),
        file: posix.join(staging, fileOf(disk)),
      })),
      ...(expected === undefined ? {} : { expected: [...expected] }),
    },
  };
}
