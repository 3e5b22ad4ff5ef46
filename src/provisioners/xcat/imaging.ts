import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, DeadlineError, IntegrityError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { aimAgain, refuseRunning } from './boot-target.ts';
import { disksOf } from './names.ts';
import { fenced, requireRepository, type XcatNode } from './node.ts';
import { findNote, type Note, removeNotes, writeNote } from './notes.ts';
import { bring, readPower } from './power.ts';
import { lookAtFiles, removeFiles, type RepositoryState } from './repository-files.ts';

/** Written before the machine is switched on: whoever finds it knows that the imaging environment may run. */
const imaging: Note<{ since: string }> = { name: 'imaging', schema: z.object({ since: z.string() }) };

/**
 * Boots the site's imaging environment, and waits for its marker. A retry goes on watching what runs; where the environment gave up, or the node is off
 * without a marker, it is begun anew. DeadlineError without growth for too long, or at the limit; ConflictError when the environment gave up.
 */
export async function image(node: XcatNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  const noted = await findNote(node, request.fence, imaging, context);
  const found = await lookAtFiles(node, request.revision, context);
  if (noted !== undefined && found.done) return evidenceOf(node, request, noted.since, found);
  const runs = noted !== undefined && !found.failed && (await readPower(node, context)).value !== 'off';
  const since = runs ? noted.since : await boot(node, request, noted !== undefined, context);
  return evidenceOf(node, request, since, await watch(node, request, since, context));
}

/** Undo of `image`: off, and nothing of the image in the repository. */
export async function undoImage(node: XcatNode, request: CaptureRequest, context: CallContext): Promise<Evidence> {
  if ((await findNote(node, request.fence, imaging, context)) === undefined) return { imaging: 'was not begun' };
  await bring(node, 'off', fenced(request, context), context);
  await removeFiles(node, request.revision, context);
  await removeNotes(node, request.fence, [imaging.name], context);
  return { imaging: 'ended', removed: disksOf(requireRepository(node), request.revision).map(({ path }) => path) };
}

async function boot(node: XcatNode, request: CaptureRequest, wasBegun: boolean, context: CallContext): Promise<string> {
  const call = fenced(request, context);
  if (wasBegun) await bring(node, 'off', call, context);
  // Before the first start: a sealed system that somebody has booted is not what was sealed.
  else await refuseRunning(node, context);
  await removeFiles(node, request.revision, context);
  const since = new Date().toISOString();
  await writeNote(node, request.fence, { note: imaging, content: { since } }, context);
  // The environment may have let the node boot its disk again, and a sealed disk must not boot.
  await aimAgain(node, request, node.settings.capture, context);
  await bring(node, 'on', call, context);
  return since;
}

async function watch(
  node: XcatNode,
  request: CaptureRequest,
  since: string,
  context: CallContext,
): Promise<RepositoryState> {
  const { noChangeSeconds, limitSeconds } = node.settings.capture;
  let moved = { bytes: -1, at: Date.now() };
  for (;;) {
    const found = await lookAtFiles(node, request.revision, context);
    if (found.done) return found;
    if (found.failed)
      throw new ConflictError(`the imaging environment of ${node.name} gave up: its marker of failure is there`);
    if (found.bytes !== moved.bytes) moved = { bytes: found.bytes, at: Date.now() };
    refuseStandstill(node, { moved, noChangeSeconds });
    if (Date.now() > Date.parse(since) + limitSeconds * 1000)
      throw new DeadlineError(`image ${node.name}: it is not done after ${limitSeconds} s`, {
        evidence: { bytes: found.bytes },
      });
    context.progress({ what: `Image ${node.name}`, bytesDone: found.bytes });
    await delay(node.settings.pollSeconds * 1000, undefined, { signal: context.signal });
  }
}

function refuseStandstill(
  node: XcatNode,
  {
    moved,
    noChangeSeconds,
  }: { readonly moved: { readonly bytes: number; readonly at: number }; readonly noChangeSeconds: number },
): void {
  if (Date.now() - moved.at <= noChangeSeconds * 1000) return;
  throw new DeadlineError(`image ${node.name}: its files have not grown for ${noChangeSeconds} s`, {
    evidence: { bytes: moved.bytes, since: new Date(moved.at).toISOString() },
  });
}

/** IntegrityError when the environment says that it is done and a file is missing or empty. */
function evidenceOf(node: XcatNode, request: CaptureRequest, since: string, found: RepositoryState): Evidence {
  const disks = disksOf(requireRepository(node), request.revision);
  const missing = disks.filter(({ path }) => (found.sizes[path] ?? 0) === 0);
  if (missing.length === 0) return { startedAt: since, bytes: found.bytes, files: { ...found.sizes } };
  const paths = missing.map(({ path }) => path);
  throw new IntegrityError(
    `image ${node.name}: the environment says that it is done, and ${paths.join(', ')} is missing or empty`,
  );
}
