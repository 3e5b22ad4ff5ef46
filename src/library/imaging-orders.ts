import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../domain/call-context.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { LibraryPlace } from '../remote/library-place.ts';

const placed = z.object({ order: z.object({ run: z.string() }) });

/**
 * Removes what machines that boot over the network were to do for a run that is over: nobody else would, and no other run could image them. Answers how
 * many orders there were; of none: 0. Whoever calls has proved that nothing of the run works any more.
 */
export async function removeOrders(place: LibraryPlace, run: string, context: CallContext): Promise<number> {
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const root = posix.join(place.root, '.imaging', 'orders');
  const args = [root, '-mindepth', '2', '-maxdepth', '2', '-type', 'f', '-name', 'order.json'];
  const files = (await place.shell.run('find', args, options)).stdout.split('\n').filter((line) => line !== '');
  let removed = 0;
  for (const file of files) {
    if ((await runOf(place, file, context)) !== run) continue;
    await place.shell.run('rm', ['-rf', '--', posix.dirname(file)], { ...options, allowedExitCodes: [0] });
    removed += 1;
  }
  return removed;
}

/** Undefined for what is gone meanwhile, or is no order. */
async function runOf(place: LibraryPlace, file: string, context: CallContext): Promise<string | undefined> {
  try {
    const content = await place.shell.download(file, { signal: context.signal, timeoutMs: 60_000 });
    return placed.safeParse(JSON.parse(Buffer.from(content).toString('utf8'))).data?.order.run;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
