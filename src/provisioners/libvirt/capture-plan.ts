import prettyBytes from 'pretty-bytes';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError } from '../../domain/errors.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { shutdownSteps, type Shutdown } from '../shutdown-steps.ts';
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
export function captureSteps(name: string, request: Shutdown, copies: readonly PlannedCopy[]): readonly PlanStep[] {
  return [
    ...shutdownSteps(name, request),
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
