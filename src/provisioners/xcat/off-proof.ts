import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, NotReadyError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { fenced, type XcatNode } from './node.ts';
import { findNote, type Note, writeNote } from './notes.ts';
import { bring, readPower, untilNextReading } from './power.ts';

/** The reading of off. A BMC gives no reason for it: that nobody but the guest did it is known because this run did not. */
export const off: Note<{ at: string; raw: string; forced: boolean }> = {
  name: 'off',
  schema: z.object({ at: z.string(), raw: z.string(), forced: z.boolean() }),
};

const waiting: Note<{ since: string }> = { name: 'waiting', schema: z.object({ since: z.string() }) };

/**
 * Notes off once it was read twice, since a BMC may say it for a moment only. NotReadyError while the node is on; where force is allowed, success without a
 * note once the limit has passed, so that the next step cuts the power.
 */
export async function confirmOff(node: XcatNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const noted = await findNote(node, request.fence, off, context);
  if (noted !== undefined) return evidenceOf(noted);
  const { value, raw, at } = await readPower(node, context);
  if (value === 'off' && (await isStillOff(node, context)))
    return await keep(node, request, { at, raw, forced: false }, context);
  const waited = await secondsWaited(node, request, context);
  if (request.allowForcedOff && waited >= request.shutdownSeconds) return { off: false, waitedSeconds: waited, raw };
  throw new NotReadyError(`rpower says ${raw} of ${node.name}; it may take ${request.shutdownSeconds} s to power off`, {
    evidence: { raw, waitedSeconds: waited, limitSeconds: request.shutdownSeconds },
  });
}

/** Cuts the power unless off was noted, and notes it as forced. An operator allowed it; otherwise ConflictError. */
export async function forceOff(node: XcatNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  if (!request.allowForcedOff) throw new ConflictError(`cut the power of ${node.name}: nobody allowed it`);
  const noted = await findNote(node, request.fence, off, context);
  if (noted !== undefined) return evidenceOf(noted);
  await bring(node, 'off', fenced(request, context), context);
  const { at, raw } = await readPower(node, context);
  return await keep(node, request, { at, raw, forced: true }, context);
}

async function isStillOff(node: XcatNode, context: CallContext): Promise<boolean> {
  await untilNextReading(node, context);
  return (await readPower(node, context)).value === 'off';
}

async function keep(
  node: XcatNode,
  request: CaptureRequest,
  content: z.output<typeof off.schema>,
  context: CallContext,
): Promise<Evidence> {
  return evidenceOf(await writeNote(node, request.fence, { note: off, content }, context));
}

async function secondsWaited(node: XcatNode, { fence }: CaptureRequest, context: CallContext): Promise<number> {
  const noted = await findNote(node, fence, waiting, context);
  if (noted !== undefined) return Math.round((Date.now() - Date.parse(noted.since)) / 1000);
  await writeNote(node, fence, { note: waiting, content: { since: new Date().toISOString() } }, context);
  return 0;
}

function evidenceOf({ at, raw, forced }: z.output<typeof off.schema>): Evidence {
  return { off: true, offSince: at, raw, forced };
}
