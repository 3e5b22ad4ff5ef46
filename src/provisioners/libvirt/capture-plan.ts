import prettyBytes from 'pretty-bytes';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError } from '../../domain/errors.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { checkedChain } from './chain.ts';
import { definitionOf, trustedDirectories } from './capture-check.ts';
import { type DefinedDisk, type FileDisk, isFileDisk } from './definition.ts';
import type { LibvirtNode } from './node.ts';

/** What the copy of a disk is about to do. */
export interface PlannedCopy {
  readonly disk: FileDisk;
  readonly virtualSizeBytes: number;
  readonly allocatedBytes: number;
}

/** Reads the domain's disks and answers with the steps of its capture. */
export async function planCapture(
  node: LibvirtNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<readonly PlanStep[]> {
  const definition = await definitionOf(node, context);
  const trusted = trustedDirectories(node, request);
  const copies = await Promise.all(
    definition.disks.map(async (disk): Promise<PlannedCopy> => {
      const file = requireFile(node, disk);
      const chain = await checkedChain(node, file, { trusted, sharing: 'shared' }, context);
      const allocatedBytes = chain.reduce((sum, link) => sum + link.allocatedBytes, 0);
      return { disk: file, virtualSizeBytes: chain[0]?.virtualSizeBytes ?? 0, allocatedBytes };
    }),
  );
  return captureSteps(node.computer.name, request, copies);
}

/** The plan as data. Without an OS module the power button is pressed; with one, its seal powers the system off. */
export function captureSteps(
  name: string,
  request: Pick<CaptureRequest, 'revision' | 'allowForcedOff' | 'shutdownSeconds'>,
  copies: readonly PlannedCopy[],
): readonly PlanStep[] {
  return [
    ...(request.revision.osModule === undefined ? [askOffStep(name)] : operatingSystemSteps(name)),
    ...offSteps(name, request),
    {
      id: 'describe',
      title: `Note the definition of ${name}`,
      by: 'provisioner',
      kind: 'describe',
      pace: 'short',
      arguments: {},
      undo: { none: 'The note lies in the staging directory and goes with it.' },
    },
    ...copies.map((copy) => copyStep(name, copy)),
  ];
}

function operatingSystemSteps(name: string): readonly PlanStep[] {
  const undo = { none: 'What it removes is gone; the system is left off and sealed, for an operator to decide.' };
  return [
    {
      id: 'pre-capture',
      title: `Prepare the system of ${name}`,
      by: 'operating-system',
      kind: 'preCapture',
      pace: 'guest',
      deadlineSeconds: 3600,
      arguments: {},
      undo,
    },
    {
      id: 'seal',
      title: `Seal ${name} and let it power off`,
      by: 'operating-system',
      kind: 'seal',
      pace: 'guest',
      deadlineSeconds: 900,
      arguments: { endState: 'off' },
      undo,
    },
  ];
}

function askOffStep(name: string): PlanStep {
  return {
    id: 'ask-off',
    title: `Press the power button of ${name}`,
    by: 'provisioner',
    kind: 'askOff',
    pace: 'short',
    arguments: {},
    undo: { none: 'A capture leaves the node off; powering it on again is a run of its own.' },
  };
}

function offSteps(
  name: string,
  request: Pick<CaptureRequest, 'allowForcedOff' | 'shutdownSeconds'>,
): readonly PlanStep[] {
  const confirm: PlanStep = {
    id: 'confirm-off',
    title: `Wait until ${name} has powered off`,
    by: 'provisioner',
    kind: 'confirmOff',
    pace: 'poll',
    // Where force is allowed, the step itself ends at the limit, so the deadline lies behind it.
    deadlineSeconds: request.shutdownSeconds + (request.allowForcedOff ? 120 : 0),
    arguments: { limitSeconds: request.shutdownSeconds },
    proves: 'off',
    undo: { none: 'It only waits, and notes what it saw in the staging directory.' },
  };
  if (!request.allowForcedOff) return [confirm];
  const force: PlanStep = {
    id: 'force-off',
    title: `Cut the power of ${name} if it is still on`,
    by: 'provisioner',
    kind: 'forceOff',
    pace: 'poll',
    deadlineSeconds: 300,
    arguments: {},
    proves: 'off',
    undo: { none: 'A lost shutdown cannot be taken back; the image says that it was forced.' },
  };
  return [confirm, force];
}

function copyStep(name: string, { disk, virtualSizeBytes, allocatedBytes }: PlannedCopy): PlanStep {
  return {
    id: `copy-${disk.name}`,
    title: `Copy ${disk.name} of ${name} (${prettyBytes(allocatedBytes, { binary: true })})`,
    by: 'provisioner',
    kind: 'copy',
    pace: 'long',
    arguments: { disk: disk.name, source: disk.path, format: disk.format, virtualSizeBytes, allocatedBytes },
    undo: { title: `End the copy of ${disk.name} and remove what it wrote` },
  };
}

/** Throws ConflictError for a disk that cannot be copied; `check` lists all of them. */
export function requireFile(node: LibvirtNode, disk: DefinedDisk): FileDisk {
  if (isFileDisk(disk)) return disk;
  throw new ConflictError(`plan the copy of ${disk.name} of ${node.domain}: it is no qcow2 or raw file`);
}
