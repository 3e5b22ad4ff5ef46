import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, DeadlineError, IntegrityError, NotReadyError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { CaptureRequest } from '../provisioner.ts';
import type { Machine } from './machine.ts';
import { findNote, writeNote } from './notes.ts';

const offSchema = z.object({ at: z.string(), raw: z.string(), forced: z.boolean() });

/** The first reading of off. */
export type OffNote = z.output<typeof offSchema>;

/** A second reading follows the first: controllers are known that say off as soon as they were asked. */
const SECOND_READING_SECONDS = 60;

export function findOff(request: CaptureRequest, context: CallContext): Promise<OffNote | undefined> {
  return findNote(request, { name: 'off', schema: offSchema }, context);
}

/**
 * Notes the first reading of off. A controller gives no reason with it; that the machine went off by itself is known because nobody here cut its power
 * before, and the file systems' clean mark on the copy decides. NotReadyError while it is on; where force is allowed, success without a note once the
 * limit has passed, so that the next step cuts the power.
 */
export async function confirmOff(machine: Machine, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const noted = await findOff(request, context);
  if (noted !== undefined) return evidenceOf(noted);
  const reading = await readTwice(machine, context);
  if (reading.value === 'off') return await noteOff(request, { reading, forced: false }, context);
  const waited = await secondsWaited(request, context);
  if (request.allowForcedOff && waited >= request.shutdownSeconds)
    return { off: false, waitedSeconds: waited, raw: reading.raw };
  if (waited >= request.shutdownSeconds / 2) await pressAgain(machine, request, context);
  const limit = request.shutdownSeconds;
  throw new NotReadyError(`${machine.computer.name} is ${reading.raw}; it may take ${String(limit)} s to power off`, {
    evidence: { raw: reading.raw, waitedSeconds: waited, limitSeconds: limit },
  });
}

/**
 * Where no OS module told the system to power off, its power button is pressed once more: a controller may have dropped the first, and a system that boots does not
 * hear it. A controller that does not take it now is left alone; what becomes of the machine is read anyway.
 */
async function pressAgain({ power, computer }: Machine, request: CaptureRequest, context: CallContext): Promise<void> {
  if (request.revision.osModule !== undefined) return;
  if ((await findNote(request, { name: 'pressed', schema: pressedSchema }, context)) !== undefined) return;
  try {
    await power.askOff(computer, context);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
  await writeNote(request, 'pressed', { again: new Date().toISOString() }, context);
}

const pressedSchema = z.object({ again: z.string() });

/** Cuts the power unless off was noted, and notes it as forced. An operator allowed it; otherwise ConflictError. */
export async function forceOffForCapture(
  { power, computer }: Machine,
  request: CaptureRequest,
  context: CallContext,
): Promise<Evidence> {
  if (!request.allowForcedOff) throw new ConflictError(`cut the power of ${computer.name}: nobody allowed it`);
  const noted = await findOff(request, context);
  if (noted !== undefined) return evidenceOf(noted);
  await power.forceOff(computer, context);
  const reading = await power.read(computer, context);
  if (reading.value === 'off') return await noteOff(request, { reading, forced: true }, context);
  throw new NotReadyError(`${computer.name} is still ${reading.raw} after its power was cut`);
}

/**
 * Whether a machine that an earlier run has sealed is still off. What it did in between no controller tells: a sealed system that was booted meanwhile
 * has lost its seal, which is looked at on the copy before that is published. IntegrityError when it is not off, or when nobody noted it.
 */
export async function proveOff(
  { power, computer }: Machine,
  request: CaptureRequest,
  noted: unknown,
  context: CallContext,
): Promise<OffNote> {
  const what = `prove that ${computer.name} is off since it was sealed`;
  const parsed = notedSchema.safeParse(noted);
  if (!parsed.success) throw new IntegrityError(`${what}: nobody noted it`);
  const { offSince: at, raw, forced } = parsed.data;
  if (forced && !request.allowForcedOff)
    throw new ConflictError(
      `take up the capture of ${computer.name}: its power was cut, which this run does not allow`,
    );
  const reading = await power.read(computer, context);
  if (reading.value !== 'off')
    throw new IntegrityError(`${what}: it is ${reading.raw}`, { evidence: { raw: reading.raw, offSince: at } });
  return { at, raw, forced };
}

/** The evidence of `confirmOff`, `forceOff` and `proveOff`, as the record of an earlier run has it. */
const notedSchema = z.object({ off: z.literal(true), offSince: z.string(), raw: z.string(), forced: z.boolean() });

/** Proves it once more, and notes it in this run's own staging directory. */
export async function takeOffNoteOver(
  machine: Machine,
  request: CaptureRequest,
  noted: unknown,
  context: CallContext,
): Promise<Evidence> {
  const note = await proveOff(machine, request, noted, context);
  await writeNote(request, 'off', note, context);
  return evidenceOf(note);
}

async function readTwice({ power, computer }: Machine, context: CallContext): Promise<PowerReading> {
  const first = await power.read(computer, context);
  if (first.value !== 'off') return first;
  try {
    return await power.awaitOff(computer, { seconds: SECOND_READING_SECONDS }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof DeadlineError)) throw error;
    throw new NotReadyError(`${computer.name} was read off once, and not again`, { cause: error });
  }
}

async function noteOff(
  request: CaptureRequest,
  { reading, forced }: { readonly reading: PowerReading; readonly forced: boolean },
  context: CallContext,
): Promise<Evidence> {
  const note: OffNote = { at: reading.at, raw: reading.raw, forced };
  await writeNote(request, 'off', note, context);
  return evidenceOf(note);
}

async function secondsWaited(request: CaptureRequest, context: CallContext): Promise<number> {
  const schema = z.object({ since: z.string() });
  const noted = await findNote(request, { name: 'waiting', schema }, context);
  if (noted !== undefined) return Math.round((Date.now() - Date.parse(noted.since)) / 1000);
  await writeNote(request, 'waiting', { since: new Date().toISOString() }, context);
  return 0;
}

function evidenceOf({ at, raw, forced }: OffNote): Evidence {
  return { off: true, offSince: at, raw, forced };
}
