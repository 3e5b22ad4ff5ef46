import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ImprintError, IntegrityError, NotReadyError, errorChain } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Revision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import { parseBootTarget } from '../../remote/xcat/nodeset.ts';
import { fillIn } from './names.ts';
import { fenced, unfenced, type XcatNode } from './node.ts';
import { findNote, type Note, removeNotes, writeNote } from './notes.ts';
import { readPower } from './power.ts';

/** What a run is about when it sets a boot target. */
interface ForRun {
  readonly fence: Fence;
  readonly revision: Pick<Revision, 'image' | 'revision'>;
}

interface Wanted {
  readonly bootTarget: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What nodeset and lsdef said of the node before the run. */
const before: Note<{ nodeset: string; attributes: Record<string, string> }> = {
  name: 'before',
  schema: z.object({ nodeset: z.string(), attributes: z.record(z.string(), z.string()) }),
};

/** What nodeset said when the run had set its target. */
const aimed: Note<{ nodeset: string }> = { name: 'aimed', schema: z.object({ nodeset: z.string() }) };

/** Notes of a run about boot targets. */
export const targetNotes: readonly string[] = [before.name, aimed.name];

/** Attributes that nodeset itself writes, from the osimage that it is given. */
const ofTheOsimage = ['profile', 'provmethod', 'os', 'arch'];

/** States that nodeset only comes back to by the name of the osimage, which is the attribute `provmethod` then. */
const byOsimage = ['netboot', 'install', 'statelite'];

/**
 * Gives the node its attributes and its boot target, and reads the target back: nodeset prints its line also where it has failed half-way. What was
 * there before is noted first. IntegrityError when the node is on: it would boot what it has, or something else in the middle of its work.
 */
export async function setTarget(node: XcatNode, run: ForRun, wanted: Wanted, context: CallContext): Promise<Evidence> {
  await noteBefore(node, run, wanted, context);
  await refuseRunning(node, context);
  return await aim(node, run, wanted, context);
}

/** Before a node is switched on: sets the target again, unless nodeset still says what it said when this run had set it. */
export async function aimAgain(node: XcatNode, run: ForRun, wanted: Wanted, context: CallContext): Promise<void> {
  const set = await findNote(node, run.fence, aimed, context);
  const { raw } = await node.xcat.bootTarget(node.name, unfenced(context));
  if (set?.nodeset !== raw) await aim(node, run, wanted, context);
}

async function aim(node: XcatNode, run: ForRun, wanted: Wanted, context: CallContext): Promise<Evidence> {
  const call = fenced(run, context);
  const attributes = attributesFor(wanted, run);
  // Before, for what nodeset makes of them; and afterwards.
  await node.xcat.setAttributes(node.name, attributes, call);
  const asked = fillIn(wanted.bootTarget, run.revision);
  const said = await node.xcat.setBootTarget(node.name, asked, call);
  await keepAttributes(node, run, wanted, context);
  const found = await node.xcat.bootTarget(node.name, call);
  if (found.raw !== said.raw)
    throw new IntegrityError(`set the boot target of ${node.name}: nodeset said ${said.raw} and says ${found.raw} now`);
  await writeNote(node, run.fence, { note: aimed, content: { nodeset: found.raw } }, context);
  return { nodeset: found.raw, asked, attributes };
}

/** After nodeset or rinstall, which write attributes of the osimage over those of the run. IntegrityError when they do not stay. */
export async function keepAttributes(node: XcatNode, run: ForRun, wanted: Wanted, context: CallContext): Promise<void> {
  const attributes = attributesFor(wanted, run);
  await node.xcat.setAttributes(node.name, attributes, fenced(run, context));
  const found = await node.xcat.attributes(node.name, Object.keys(attributes), unfenced(context));
  const wrong = Object.entries(attributes).filter(([name, value]) => found[name] !== value);
  if (wrong.length === 0) return;
  const said = wrong.map(([name, value]) => `${name} is ${JSON.stringify(found[name])}, not ${JSON.stringify(value)}`);
  throw new IntegrityError(`set the attributes of ${node.name}: ${said.join('; ')}`);
}

/** Undo of `setTarget`: what was there before. Nothing noted means that nothing was done. */
export async function restoreTarget(node: XcatNode, run: ForRun, context: CallContext): Promise<Evidence> {
  const noted = await findNote(node, run.fence, before, context);
  if (noted === undefined) return { nodeset: 'was not changed' };
  const call = fenced(run, context);
  const { state } = parseBootTarget(noted.nodeset);
  const osimage = noted.attributes['provmethod'] ?? '';
  await node.xcat.setAttributes(node.name, noted.attributes, call);
  const done =
    byOsimage.includes(state) && osimage !== ''
      ? { nodeset: (await node.xcat.setBootTarget(node.name, `osimage=${osimage}`, call)).raw }
      : await backToDisk(node, run, context);
  await node.xcat.setAttributes(node.name, noted.attributes, call);
  await removeNotes(node, run.fence, targetNotes, context);
  return { ...done, before: noted.nodeset };
}

/** After the work: the disk is what the node boots, and its attributes are those from before. Again: the same. */
export async function returnToDisk(node: XcatNode, run: ForRun, context: CallContext): Promise<Evidence> {
  const noted = await findNote(node, run.fence, before, context);
  if (noted !== undefined) await node.xcat.setAttributes(node.name, noted.attributes, fenced(run, context));
  return await backToDisk(node, run, context);
}

/** `nodeset boot`. A complaint about DHCP does not count where the target reads `boot` afterwards: booting from the disk needs none. */
async function backToDisk(node: XcatNode, run: ForRun, context: CallContext): Promise<Evidence> {
  try {
    return { nodeset: (await node.xcat.setBootTarget(node.name, 'boot', fenced(run, context))).raw };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof ImprintError) || !error.retryable) throw error;
    const { raw, state } = await node.xcat.bootTarget(node.name, unfenced(context));
    if (state !== 'boot') throw error;
    return { nodeset: raw, complaint: errorChain(error) };
  }
}

async function noteBefore(node: XcatNode, run: ForRun, wanted: Wanted, context: CallContext): Promise<void> {
  if ((await findNote(node, run.fence, before, context)) !== undefined) return;
  const call = unfenced(context);
  const names = [...new Set([...Object.keys(wanted.attributes), ...ofTheOsimage])];
  const attributes = await node.xcat.attributes(node.name, names, call);
  const { raw } = await node.xcat.bootTarget(node.name, call);
  await writeNote(node, run.fence, { note: before, content: { nodeset: raw, attributes } }, context);
}

/** The attribute `profile` names the revision, as Apache VCL has it: node status reads it as the node's type. */
function attributesFor({ attributes }: Wanted, { revision }: ForRun): Record<string, string> {
  const values = { profile: '{name}', ...attributes };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fillIn(value, revision)]));
}

/** IntegrityError when the node is on, or on its way there. NotReadyError while its BMC does not say that it is off either. */
export async function refuseRunning(node: XcatNode, context: CallContext): Promise<void> {
  const { value, raw } = await readPower(node, context);
  if (value === 'off') return;
  if (value !== 'on' && value !== 'turning-on')
    throw new NotReadyError(`${node.name} must be off, and rpower says ${raw}`, { evidence: { power: value, raw } });
  throw new IntegrityError(`${node.name} must be off, and rpower says ${raw}: somebody has switched it on`, {
    evidence: { power: value, raw },
  });
}
