import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { CaptureRequest, StagedImage } from '../provisioner.ts';
import { definitionOf, trustedDirectories } from './capture-check.ts';
import { requireFile } from './capture-plan.ts';
import { checkedChain } from './chain.ts';
import { stagedName } from './copy-disk.ts';
import { formatImageDefinition } from './image-definition.ts';
import type { LibvirtNode } from './node.ts';
import { findOff } from './off-proof.ts';
import { findNote, findText, openStaging, stagingOf, writeNote } from './staging.ts';

const disksSchema = z.array(z.object({ name: z.string(), virtualSizeBytes: z.number() }));

/** Notes the machine's definition without its identity, and its disks, in the staging directory. */
export async function describe(node: LibvirtNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const staging = await openStaging(node, request, context);
  const definition = await definitionOf(node, context);
  const trusted = trustedDirectories(node, request);
  const disks: { name: string; virtualSizeBytes: number }[] = [];
  for (const disk of definition.disks) {
    const chain = await checkedChain(node, requireFile(node, disk), { trusted, sharing: 'shared' }, context);
    disks.push({ name: disk.name, virtualSizeBytes: chain[0]?.virtualSizeBytes ?? 0 });
  }
  await writeNote(node, posix.join(staging.notes, 'definition.xml'), formatImageDefinition(definition), context);
  await writeNote(node, posix.join(staging.notes, 'disks.json'), disks, context);
  return { disks };
}

/** What the steps of a capture left in the staging directory; IntegrityError when one of them has not been done. */
export async function stagedImage(
  node: LibvirtNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<StagedImage> {
  const { notes } = stagingOf(node, request);
  const staging = stagingOf(node, request);
  const off = await findOff(node, staging, context);
  const disks = await findNote(node, { path: posix.join(notes, 'disks.json'), schema: disksSchema }, context);
  const definition = await findText(node, posix.join(notes, 'definition.xml'), context);
  if (off === undefined || disks === undefined) {
    throw new IntegrityError(`read what was staged in ${staging.path}: the capture's steps have not all been done`);
  }
  return {
    disks: disks.map((disk) => ({ ...disk, file: stagedName(disk.name), format: 'qcow2' })),
    ...(definition === undefined ? {} : { definition }),
    ...(off.reason === undefined ? {} : { offReason: off.reason }),
    offSince: off.at,
    forced: off.forced,
  };
}
