import { posix } from 'node:path';
import type { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError, NotFoundError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { runTag } from './names.ts';
import type { XcatNode } from './node.ts';

/** What a step leaves for later steps, attempts and undos of the same run, in the node's directory on the host of xCAT. */
export interface Note<Content> {
  /** `off` */
  readonly name: string;
  readonly schema: z.ZodType<Content>;
}

const LIMIT_MS = 60_000;

/** Notes of runs that are over for 90 days, longer than any is taken up again, are removed. */
const MAKE = `mkdir -p -m 0700 -- "$1" && find "$1" -maxdepth 1 -type f -name '*.json' -mtime +90 -delete`;

function pathOf(node: XcatNode, { owner }: Fence, name: string): string {
  return posix.join(node.directory, `${runTag(owner)}-${name}.json`);
}

/** Undefined when there is none; IntegrityError when it is not what the schema says. */
export async function findNote<Content>(
  node: XcatNode,
  fence: Fence,
  note: Note<Content>,
  context: CallContext,
): Promise<Content | undefined> {
  const path = pathOf(node, fence, note.name);
  try {
    const text = await node.shell.download(path, { signal: context.signal, timeoutMs: LIMIT_MS });
    return note.schema.parse(JSON.parse(Buffer.from(text).toString('utf8')));
  } catch (cause) {
    if (cause instanceof NotFoundError) return undefined;
    if (cause instanceof SyntaxError || (cause as Error).name === 'ZodError')
      throw new IntegrityError(`read the note ${path}`, { cause });
    throw cause;
  }
}

/** Never seen half-written; over what an earlier attempt has noted. */
export async function writeNote<Content>(
  node: XcatNode,
  fence: Fence,
  { note, content }: { readonly note: Note<Content>; readonly content: Content },
  context: CallContext,
): Promise<Content> {
  const options = { signal: context.signal, timeoutMs: LIMIT_MS };
  await node.shell.run('sh', ['-c', MAKE, 'imprint-xcat', node.directory], options);
  await node.shell.upload(`${JSON.stringify(content)}\n`, pathOf(node, fence, note.name), options);
  return content;
}

/** Removes notes of the run. Of nothing: success. */
export async function removeNotes(
  node: XcatNode,
  fence: Fence,
  names: readonly string[],
  context: CallContext,
): Promise<void> {
  const paths = names.map((name) => pathOf(node, fence, name));
  await node.shell.run('rm', ['-f', '--', ...paths], { signal: context.signal, timeoutMs: LIMIT_MS });
}
