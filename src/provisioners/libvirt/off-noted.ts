import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, IntegrityError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import type { LibvirtNode } from './node.ts';
import { diskFiles, diskSchema, keepOffNote, type OffNote, refuseTouched } from './off-proof.ts';
import { openStaging } from './staging.ts';

/** The evidence of `confirmOff`, `forceOff` and `proveOff`, as the record of an earlier run has it. */
const notedSchema = z.object({
  off: z.literal(true),
  reason: z.string().optional(),
  offSince: z.string(),
  raw: z.string(),
  forced: z.boolean(),
  disks: z.array(diskSchema).min(1),
});

/**
 * IntegrityError unless the domain is off, nobody has its disks open, and they are the files that an earlier run noted, unchanged. ConflictError
 * when its power was cut then and this capture does not allow that.
 */
export async function proveOffAsNoted(
  node: LibvirtNode,
  request: CaptureRequest,
  noted: Evidence,
  context: CallContext,
): Promise<void> {
  await provenNote(node, request, noted, context);
}

/** Proves it once more, and notes it in this run's own staging directory, where its copies look. */
export async function takeOffNoteOver(
  node: LibvirtNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const note = await provenNote(node, request, step.arguments['noted'], context);
  return await keepOffNote(node, await openStaging(node, request, context), note, context);
}

async function provenNote(
  node: LibvirtNode,
  request: CaptureRequest,
  noted: unknown,
  context: CallContext,
): Promise<OffNote> {
  const note = parseNoted(node, noted);
  if (note.forced && !request.allowForcedOff) {
    throw new ConflictError(`take up the capture of ${node.domain}: its power was cut, which this run does not allow`);
  }
  // First the time and size of the files, then what they are: a domain that runs has its disks open.
  await refuseTouched(node, note, context);
  await refuseOtherDisks(node, request, note, context);
  return note;
}

function parseNoted(node: LibvirtNode, noted: unknown): OffNote {
  const parsed = notedSchema.safeParse(noted);
  if (!parsed.success)
    throw new IntegrityError(`prove that ${node.domain} is off since it was sealed: nobody noted it`);
  const { off: _off, offSince, ...note } = parsed.data;
  return { ...note, at: offSince };
}

async function refuseOtherDisks(
  node: LibvirtNode,
  request: CaptureRequest,
  note: OffNote,
  context: CallContext,
): Promise<void> {
  const before = note.disks.map(({ file }) => file).sort();
  const now = [...(await diskFiles(node, request, context))].sort();
  if (before.join('\n') === now.join('\n')) return;
  throw new IntegrityError(`prove that ${node.domain} has the disks that were sealed: it has others`, {
    evidence: { before, now },
  });
}
