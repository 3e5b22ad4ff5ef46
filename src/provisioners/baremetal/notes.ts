import { posix } from 'node:path';
import type { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError, NotFoundError } from '../../domain/errors.ts';
import type { CaptureRequest } from '../provisioner.ts';

const LIMIT_MS = 30_000;

/** Where steps of a capture leave what later ones need: in its staging directory, with which it goes. */
function pathOf({ staging }: CaptureRequest, name: string): string {
  return posix.join(staging, '.capture', `${name}.json`);
}

/** Written so that it is never seen half-written. */
export async function writeNote(
  request: CaptureRequest,
  name: string,
  note: unknown,
  context: CallContext,
): Promise<void> {
  const { shell } = request.library;
  const path = pathOf(request, name);
  const options = { signal: context.signal, timeoutMs: LIMIT_MS };
  await shell.run('mkdir', ['-p', '-m', '0700', '--', posix.dirname(path)], options);
  await shell.upload(`${JSON.stringify(note)}\n`, path, { ...options, mode: 0o600 });
}

/** Undefined when there is none, IntegrityError when it is not what the schema says. */
export async function findNote<Note>(
  request: CaptureRequest,
  note: { readonly name: string; readonly schema: z.ZodType<Note> },
  context: CallContext,
): Promise<Note | undefined> {
  const path = pathOf(request, note.name);
  try {
    const content = await request.library.shell.download(path, { signal: context.signal, timeoutMs: LIMIT_MS });
    return note.schema.parse(JSON.parse(Buffer.from(content).toString('utf8')));
  } catch (cause) {
    if (cause instanceof NotFoundError) return undefined;
    if (cause instanceof SyntaxError || (cause as Error).name === 'ZodError')
      throw new IntegrityError(`read the note ${path}`, { cause });
    throw cause;
  }
}
