import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, IntegrityError, NotReadyError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { definitionOf, trustedDirectories } from './capture-check.ts';
import { requireFile } from './capture-plan.ts';
import { checkedChain } from './chain.ts';
import { identifyFiles, touchedSince } from './disk-files.ts';
import type { LibvirtNode } from './node.ts';
import { forceOff, readPower } from './power.ts';
import { findNote, openStaging, type Staging, writeNote } from './staging.ts';

/**
 * libvirt's reasons (9.0) for `shut off` that leave a disk as a shutdown does. `unknown` and `daemon` say that libvirtd forgot it: the
 * file systems' clean mark on the copy decides. A domain that `destroyed` or `crashed` ended was not shut down.
 */
const cleanReasons = ['shutdown', 'unknown', 'daemon'];

/** Reasons with which the disks are not all there is of a system: its memory waits to be resumed, or it runs on another host. Nobody may allow these. */
const unfinishedReasons = ['saved', 'migrated'];

/** What a domain's reason for being off says of its disks: `forced` ones are captured only where the request allows it. */
export function disksAfter(reason: string): 'clean' | 'forced' | 'unfinished' {
  if (unfinishedReasons.includes(reason)) return 'unfinished';
  return cleanReasons.includes(reason) ? 'clean' : 'forced';
}

export const diskSchema = z.object({
  file: z.string(),
  sizeBytes: z.number(),
  inode: z.string(),
  modified: z.string(),
});

const offSchema = z.object({
  reason: z.string().optional(),
  at: z.string(),
  raw: z.string(),
  forced: z.boolean(),
  disks: z.array(diskSchema),
});

/** The first reading of off, and what the disk's files looked like then. */
export type OffNote = z.output<typeof offSchema>;

export function findOff(node: LibvirtNode, staging: Staging, context: CallContext): Promise<OffNote | undefined> {
  return findNote(node, { path: posix.join(staging.notes, 'off.json'), schema: offSchema }, context);
}

/**
 * Notes the first reading of off. NotReadyError while the domain is on; where force is allowed, success without a note once the limit
 * has passed, so that the next step cuts the power. ConflictError when it went off in another way than by shutting down.
 */
export async function confirmOff(node: LibvirtNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const staging = await openStaging(node, request, context);
  const noted = await findOff(node, staging, context);
  if (noted !== undefined) return evidenceOf(noted);
  const reading = await readPower(node, context);
  if (reading.value === 'off') return noteOff(node, { request, staging, reading }, context);
  const waited = await secondsWaited(node, staging, context);
  if (request.allowForcedOff && waited >= request.shutdownSeconds)
    return { off: false, waitedSeconds: waited, raw: reading.raw };
  throw new NotReadyError(
    `${node.domain} is ${reading.raw}; it may take ${String(request.shutdownSeconds)} s to power off`,
    { evidence: { raw: reading.raw, waitedSeconds: waited, limitSeconds: request.shutdownSeconds } },
  );
}

/** Cuts the power unless off was noted, and notes it as forced. An operator allowed it; otherwise ConflictError. */
export async function forceOffForCapture(
  node: LibvirtNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<Evidence> {
  if (!request.allowForcedOff) throw new ConflictError(`cut the power of ${node.domain}: nobody allowed it`);
  const staging = await openStaging(node, request, context);
  const noted = await findOff(node, staging, context);
  if (noted !== undefined) return evidenceOf(noted);
  await forceOff(node, context);
  const reading = await readPower(node, context);
  if (reading.value !== 'off')
    throw new NotReadyError(`${node.domain} is still ${reading.raw} after its power was cut`);
  return noteOff(node, { request, staging, reading }, context);
}

/** IntegrityError unless the domain is off and its disks are what they were when off was noted. Returns that note. */
export async function proveOffSince(node: LibvirtNode, staging: Staging, context: CallContext): Promise<OffNote> {
  const noted = await findOff(node, staging, context);
  if (noted === undefined) throw new IntegrityError(`prove that ${node.domain} is off: no step has seen it off`);
  await refuseTouched(node, noted, context);
  return noted;
}

/** IntegrityError unless the domain is off and its disks are what they were when off was noted. */
export async function refuseTouched(node: LibvirtNode, noted: OffNote, context: CallContext): Promise<void> {
  const reading = await readPower(node, context);
  const now = await identifyFiles(
    node.shell,
    noted.disks.map(({ file }) => file),
    context,
  );
  const touched = touchedSince(noted.disks, now);
  if (reading.value === 'off' && touched.length === 0) return;
  throw new IntegrityError(
    `prove that ${node.domain} was off since ${noted.at}: it is ${reading.raw}, ${touchedText(touched)}`,
    {
      evidence: { raw: reading.raw, touched: [...touched], before: noted.disks, now: [...now] },
    },
  );
}

async function noteOff(
  node: LibvirtNode,
  seen: { readonly request: CaptureRequest; readonly staging: Staging; readonly reading: PowerReading },
  context: CallContext,
): Promise<Evidence> {
  const { request, staging, reading } = seen;
  const disks = disksAfter(reading.reason ?? 'unknown');
  const forced = disks === 'forced';
  if (disks === 'unfinished' || (forced && !request.allowForcedOff)) {
    throw new ConflictError(`capture ${node.domain}: it did not shut down, it is ${reading.raw}`, {
      evidence: { raw: reading.raw, at: reading.at },
    });
  }
  const files = await diskFiles(node, request, context);
  const note: OffNote = {
    ...(reading.reason === undefined ? {} : { reason: reading.reason }),
    at: reading.at,
    raw: reading.raw,
    forced,
    disks: [...(await identifyFiles(node.shell, files, context))],
  };
  return await keepOffNote(node, staging, note, context);
}

/** What the copies prove against before and after they read. */
export async function keepOffNote(
  node: LibvirtNode,
  staging: Staging,
  note: OffNote,
  context: CallContext,
): Promise<Evidence> {
  await writeNote(node, posix.join(staging.notes, 'off.json'), note, context);
  return evidenceOf(note);
}

/** Disks with their backing files. That no QEMU has them open is part of the proof: qemu-img asks for a lock that a writer holds. */
export async function diskFiles(
  node: LibvirtNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<readonly string[]> {
  const definition = await definitionOf(node, context);
  const trusted = trustedDirectories(node, request);
  const chains = await Promise.all(
    definition.disks.map((disk) =>
      checkedChain(node, requireFile(node, disk), { trusted, sharing: 'exclusive' }, context),
    ),
  );
  return chains.flat().map(({ path }) => path);
}

async function secondsWaited(node: LibvirtNode, staging: Staging, context: CallContext): Promise<number> {
  const path = posix.join(staging.notes, 'waiting.json');
  const schema = z.object({ since: z.string() });
  const noted = await findNote(node, { path, schema }, context);
  if (noted !== undefined) return Math.round((Date.now() - Date.parse(noted.since)) / 1000);
  await writeNote(node, path, { since: new Date().toISOString() }, context);
  return 0;
}

export function evidenceOf({ reason, at, raw, forced, disks }: OffNote): Evidence {
  return { off: true, ...(reason === undefined ? {} : { reason }), offSince: at, raw, forced, disks: [...disks] };
}

function touchedText(touched: readonly string[]): string {
  return touched.length === 0 ? 'its disks are untouched' : `${touched.join(', ')} changed`;
}
