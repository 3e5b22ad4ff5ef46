import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { LoadRequest } from '../provisioner.ts';
import { controllerProblems, libraryProblems, orderProblems } from './capture-check.ts';
import { bootModeOf } from './image-definition.ts';
import { diskPairs, type DiskPair } from './load-order.ts';
import type { Machine } from './machine.ts';

/** What stands in the way of a load. The environment compares serial number and size once more before it writes. Reads only. */
export async function checkLoad(machine: Machine, request: LoadRequest, context: CallContext): Promise<Problem[]> {
  return [
    ...diskPairs(machine, request).flatMap(pairProblems),
    ...systemProblems(request),
    ...bootProblems(machine, request),
    ...keptProblems(request),
    ...libraryProblems(request),
    ...(await controllerProblems(machine, context)),
    ...(await orderProblems(machine, request)),
  ];
}

function pairProblems({ source, target }: DiskPair): Problem[] {
  const where = `image.disks.${source.name}`;
  if (source.format !== 'chunks') return [{ where, problem: `expected a disk of chunks, found ${source.format}` }];
  if (target === undefined) return [{ where, problem: 'settings.disks names no disk for it' }];
  const { sizeBytes, name } = target;
  if (sizeBytes === undefined || sizeBytes >= source.virtualSizeBytes) return [];
  return [{ where, problem: `${name} has ${String(sizeBytes)} bytes, ${String(source.virtualSizeBytes)} are needed` }];
}

function systemProblems({ revision }: LoadRequest): Problem[] {
  if (revision.osModule !== undefined) return [];
  return [{ where: 'image', problem: 'it has no OS module: nobody could tell whether it is what runs on the machine' }];
}

function bootProblems({ settings }: Machine, { revision }: LoadRequest): Problem[] {
  const bootMode = revision.manifest === undefined ? undefined : bootModeOf(revision.manifest);
  if (bootMode === undefined || bootMode === settings.bootMode) return [];
  return [{ where: 'settings.bootMode', problem: `${settings.bootMode}, but the image boots by ${bootMode}` }];
}

/**
 * A physical disk cannot be set aside. What a failed capture has sealed may be the only copy of somebody's work, and the source of a revision that was
 * never READY is the only other proof of it. Whoever loads that revision onto its own source, or asked a capture to do so at its end, asked for that.
 */
function keptProblems(request: LoadRequest): Problem[] {
  const { keptBecause, computer } = request;
  if (!request.keepOutgoing || isOwnSource(request)) return [];
  const [what, remedy] =
    keptBecause === 'source of an unproven revision'
      ? ['are the source of a revision that has not been READY yet', 'load that revision first, here or elsewhere']
      : ['may be the only copy of what a failed run has sealed', 'release the node if that may be lost'];
  return [{ where: 'disks', problem: `the disks of ${computer.name} ${what}, and cannot be set aside: ${remedy}` }];
}

function isOwnSource({ keptBecause, revision, fence, computer }: LoadRequest): boolean {
  const source = revision.manifest?.source;
  if (source?.run === fence.owner) return true;
  return keptBecause === 'source of an unproven revision' && source?.computer === computer.name;
}
