import { posix } from 'node:path';
import type { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError, NotFoundError } from '../../domain/errors.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { underFence } from '../fenced.ts';
import { type LibvirtNode, onHost } from './node.ts';

/** The staging directory of a capture as the host of the domain sees it, and what lies in it. */
export interface Staging {
  readonly path: string;
  /** Notes that the steps leave for later steps and for `staged`. */
  readonly notes: string;
}

export function stagingOf(node: LibvirtNode, request: CaptureRequest): Staging {
  const path = onHost(node, request.library, request.staging);
  return { path, notes: posix.join(path, '.capture') };
}

const OPEN = `
mkdir -p -- "$directory" "$directory/.capture"
`;

/** Makes the staging directory, or takes it over from an earlier attempt. ConflictError when a later attempt has. */
export async function openStaging(node: LibvirtNode, request: CaptureRequest, context: CallContext): Promise<Staging> {
  const staging = stagingOf(node, request);
  await inStaging(
    node,
    request,
    { what: `open the staging directory ${staging.path}`, script: OPEN, args: [] },
    context,
  );
  return staging;
}

/** Removes a staged file and its note, and proves that they are gone. Of nothing: success. */
export async function removeStaged(
  node: LibvirtNode,
  request: CaptureRequest,
  names: readonly string[],
  context: CallContext,
): Promise<void> {
  const script = 'for name; do rm -f -- "$directory/$name"; [ ! -e "$directory/$name" ] || exit 10; done';
  await inStaging(node, request, { what: `remove ${names.join(', ')} from staging`, script, args: names }, context);
}

/** Writes a note so that it is never seen half-written. */
export async function writeNote(node: LibvirtNode, path: string, note: unknown, context: CallContext): Promise<void> {
  const text = typeof note === 'string' ? note : `${JSON.stringify(note)}\n`;
  await node.shell.upload(text, path, { signal: context.signal, timeoutMs: 30_000, mode: 0o600 });
}

/** A note's text; undefined when there is none. */
export async function findText(node: LibvirtNode, path: string, context: CallContext): Promise<string | undefined> {
  try {
    return Buffer.from(await node.shell.download(path, { signal: context.signal, timeoutMs: 30_000 })).toString('utf8');
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** A note as data; undefined when there is none, IntegrityError when it is not what the schema says. */
export async function findNote<Note>(
  node: LibvirtNode,
  note: { readonly path: string; readonly schema: z.ZodType<Note> },
  context: CallContext,
): Promise<Note | undefined> {
  const text = await findText(node, note.path, context);
  if (text === undefined) return undefined;
  try {
    return note.schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new IntegrityError(`read the note ${note.path}`, { cause });
  }
}

async function inStaging(
  node: LibvirtNode,
  request: CaptureRequest,
  action: { readonly what: string; readonly script: string; readonly args: readonly string[] },
  context: CallContext,
): Promise<void> {
  const { path } = stagingOf(node, request);
  // Record and lock are the library's own, so that both sides respect the same fence.
  const directory = { path, record: `${path}.owner.json`, lock: posix.join(posix.dirname(path), '.lock') };
  const result = await underFence(node.shell, { directory, fence: request.fence }, action, context);
  if (result.exitCode !== 0) throw new IntegrityError(`${action.what}: it is still there`);
}
