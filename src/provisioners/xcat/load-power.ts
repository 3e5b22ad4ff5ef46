import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { NotReadyError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { aimAgain, keepAttributes, refuseRunning, targetNotes } from './boot-target.ts';
import { fillIn } from './names.ts';
import { fenced, requireLoad, type XcatNode } from './node.ts';
import { findNote, type Note, removeNotes, writeNote } from './notes.ts';
import { requireServed } from './place.ts';
import { askOff, bring, readPower, untilNextReading } from './power.ts';

/** A system that is still booting does not hear the power button; one that is shutting down does not mind it. */
const PRESS_AGAIN_MS = 10_000;

const stopped: Note<{ wasOn: boolean }> = { name: 'stopped', schema: z.object({ wasOn: z.boolean() }) };

/** Written before the node boots what overwrites its disk: from then on nothing of the outgoing system is whole. */
const started: Note<{ since: string }> = { name: 'started', schema: z.object({ since: z.string() }) };

/** Asks the outgoing system to power off, and cuts its power at the limit of the settings: it is being replaced. */
export async function powerOffOutgoing(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  if ((await findNote(node, request.fence, started, context)) !== undefined) return { outgoing: 'replaced already' };
  if ((await findNote(node, request.fence, stopped, context)) === undefined) {
    const { value, raw } = await readPower(node, context);
    if (value === 'unknown') throw new NotReadyError(`power off ${node.name}: rpower says ${raw}, not what it is now`);
    await writeNote(node, request.fence, { note: stopped, content: { wasOn: value !== 'off' } }, context);
  }
  return await powerOff(node, request, context);
}

/** Undo: on again, if it was on and its disk was not touched. What a capture has sealed stays off. */
export async function undoPowerOff(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const noted = await findNote(node, request.fence, stopped, context);
  const begun = await findNote(node, request.fence, started, context);
  const stays = noted?.wasOn !== true || begun !== undefined || request.keepOutgoing;
  if (!stays) await bring(node, 'on', fenced(request, context), context);
  await removeNotes(node, request.fence, [stopped.name, started.name], context);
  if (begun !== undefined) return { power: 'off', disk: 'what it holds is not whole' };
  return { power: stays ? 'as it was' : 'on again' };
}

/** Off, whatever it takes: the guest is asked, then, after the limit of the settings, its power is cut. */
export async function powerOff(
  node: XcatNode,
  request: Pick<LoadRequest, 'fence'>,
  context: CallContext,
): Promise<Evidence> {
  const limit = Date.now() + node.settings.shutdownSeconds * 1000;
  let pressNext = 0;
  while (Date.now() <= limit) {
    const { value, raw } = await readPower(node, context);
    if (value === 'off') return { off: raw, forced: false };
    if (Date.now() >= pressNext) {
      await askOff(node, fenced(request, context), context);
      pressNext = Date.now() + PRESS_AGAIN_MS;
    }
    context.progress({ what: `Wait until ${node.name} has powered off` });
    await untilNextReading(node, context);
  }
  await bring(node, 'off', fenced(request, context), context);
  return { off: 'off', forced: true };
}

/** Boots what loads the image. A retry that finds the node on has nothing to do: it was off before. */
export async function start(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const load = requireLoad(node);
  const { by, bootTarget } = load;
  const call = fenced(request, context);
  const noted = await findNote(node, request.fence, started, context);
  if (noted !== undefined && (await readPower(node, context)).value === 'on') {
    // The answer of a rinstall that did its work may be lost: what it has overwritten is still to be put right.
    await keepAttributes(node, request, load, context);
    return { startedAt: noted.since };
  }
  if (noted === undefined) await refuseRunning(node, context);
  await requireServed(node, request, context);
  const content = { since: new Date().toISOString() };
  await writeNote(node, request.fence, { note: started, content }, context);
  if (by === 'rinstall') {
    await node.xcat.install(node.name, fillIn(bootTarget, request.revision), call);
    await keepAttributes(node, request, load, context);
  } else await aimAgain(node, request, load, context);
  await bring(node, 'on', call, context);
  return { startedAt: content.since, by };
}

/** Undo of `start`: off. The disk may be half written by then, so nothing of it is booted. */
export async function undoStart(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  if ((await findNote(node, request.fence, started, context)) === undefined) return { start: 'was not begun' };
  await bring(node, 'off', fenced(request, context), context);
  return { power: 'off', disk: 'what it holds is not whole' };
}

/** Removes the notes of a load that is over. Of nothing: success. */
export async function forget(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  await removeNotes(node, request.fence, [...targetNotes, stopped.name, started.name], context);
  return { forgotten: true };
}
