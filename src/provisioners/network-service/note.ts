import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import type { Fence } from '../../domain/fence.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { findText, writeText } from './files.ts';
import { configurationOf } from './image.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { notePath } from './note-path.ts';
import { outgoingOf } from './outgoing.ts';

const noteSchema = z.object({ name: z.string(), revisionId: z.number(), sha256: z.string(), run: z.string() });

/** What a load noted on the host: there is no currentimage.txt in a service. */
export type LoadedNote = z.output<typeof noteSchema>;

/** The note of the latest load; undefined when there is none that can be read. */
export async function findNote(node: ServiceNode, context: CallContext): Promise<LoadedNote | undefined> {
  const text = await findText(node.shell, notePath(node.directory), context);
  if (text === undefined) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Notes which revision was loaded, so that the host itself says it. */
export async function noteLoaded(node: ServiceNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { revision, fence } = request;
  const { sha256 } = configurationOf(node, revision);
  const note: LoadedNote = { name: nameOfRevision(revision), revisionId: revision.id, sha256, run: fence.owner };
  await claimDirectory(node, fence, context);
  await writeText(node.shell, notePath(node.directory), `${JSON.stringify(note)}\n`, context);
  return { noted: note.name };
}

const BACK = `
[ -e "$3" ] || exit 0
if [ -e "$1" ]; then cp -pT -- "$1" "$2.tmp"; mv -fT -- "$2.tmp" "$2"; else rm -f -- "$2"; fi
`;

/** Puts the earlier note back, or none where there was none. Nothing kept: success. */
export async function undoNote(node: ServiceNode, { fence }: LoadRequest, context: CallContext): Promise<Evidence> {
  const { note, complete } = outgoingOf(node, fence);
  const args = [note, notePath(node.directory), complete];
  await inNodeDirectory(
    node,
    fence,
    { what: `put the note on ${node.computer.name} back`, script: BACK, args },
    context,
  );
  return { restored: 'the earlier note' };
}

export async function removeNote(node: ServiceNode, fence: Fence, context: CallContext): Promise<void> {
  const args = [notePath(node.directory)];
  await inNodeDirectory(
    node,
    fence,
    { what: `remove the note on ${node.computer.name}`, script: 'rm -f -- "$1"', args },
    context,
  );
}

async function claimDirectory(node: ServiceNode, fence: Fence, context: CallContext): Promise<void> {
  await inNodeDirectory(
    node,
    fence,
    { what: `use the directory of ${node.computer.name}`, script: '', args: [] },
    context,
  );
}
