import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../../domain/call-context.ts';
import { InvalidInputError, UnavailableError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import { clientPath, lockOf } from '../../remote/xcat/client.ts';
import { xcatFailure } from '../../remote/xcat/failure.ts';
import { captureStage, isCaptureDone } from '../../remote/xcat/imgcapture.ts';
import { CAPTURE_JOB, PACK_CAPTURED, REMOVE_CAPTURED, STILL_WORKING } from '../../remote/xcat/scripts.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { endHostJob, type EndedJob, type HostJob, runHostJob } from './host-job.ts';
import { requireRootimg, unfenced, type XcatNode } from './node.ts';
import { findNote, type Note, removeNotes, writeNote } from './notes.ts';

/** The capture is complete; written before the record of its job goes. */
const captured: Note<{ tree: string; startedAt: string; endedAt: string }> = {
  name: 'captured',
  schema: z.object({ tree: z.string(), startedAt: z.string(), endedAt: z.string() }),
};

/** File of the packed tree, in the staging directory. */
export const packedTree = 'rootimg.tar.gz';

/** Where the osimage has its tree. InvalidInputError for a place that must not be emptied. */
export async function imageDirectory(node: XcatNode, context: CallContext): Promise<string> {
  const { osimage } = requireRootimg(node);
  const { rootimgdir = '' } = await node.xcat.imageAttributes(osimage, ['rootimgdir'], unfenced(context));
  if (posix.isAbsolute(rootimgdir) && posix.normalize(rootimgdir).split('/').length > 2)
    return posix.normalize(rootimgdir);
  throw new InvalidInputError(
    `find the tree of the osimage ${osimage}: its rootimgdir is ${JSON.stringify(rootimgdir)}`,
  );
}

/** Copies the running system into the osimage's tree, by a job; one at a time for each osimage. A retry attaches to it. */
export async function captureLive(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const directory = await imageDirectory(node, context);
  const job = captureJob(node, request, step, directory);
  const earlier = await findNote(node, request.fence, captured, context);
  if (earlier !== undefined) return evidenceOf(earlier);
  const { startedAt, endedAt } = await runHostJob(node, job, context);
  const content = { tree: posix.join(directory, 'rootimg'), startedAt, endedAt };
  await writeNote(node, request.fence, { note: captured, content }, context);
  await endHostJob(node, job, context);
  return evidenceOf(content);
}

/**
 * Ends the client, waits until xcatd has ended what it does for it, and removes the tree, if it is this run's, and what xCAT left in its temporary
 * directory. The node itself may keep `/tmp/xcat_imgcapture.*`, which nothing of xCAT removes. UnavailableError while xcatd still works.
 */
export async function undoCaptureLive(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const directory = await imageDirectory(node, context);
  await endHostJob(node, captureJob(node, request, step, directory), context);
  const options = { signal: context.signal, timeoutMs: 120_000 };
  const { stdout } = await node.shell.run('sh', ['-c', STILL_WORKING, 'imprint-xcat', node.name], options);
  if (stdout.trim() !== '')
    throw new UnavailableError(`end the capture of ${node.name}: xcatd still works: ${stdout.trim()}`);
  const tree = posix.join(directory, 'rootimg');
  const { temporaryDirectory } = requireRootimg(node);
  const own = [osimageLock(node), tree, temporaryDirectory, request.fence.owner];
  const removal = await node.shell.run('sh', ['-c', REMOVE_CAPTURED, 'imprint-xcat', ...own], options);
  await removeNotes(node, request.fence, [captured.name], context);
  const done = removal.stdout.trim() === 'removed' ? { removed: tree } : { left: `${tree} is not of this run` };
  return { ...done, mayRemain: `/tmp/xcat_imgcapture.* on ${node.name}` };
}

/** Packs the tree into the staging directory. */
export async function pack(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const job = packJob(node, request, step, await imageDirectory(node, context));
  const { startedAt, endedAt } = await runHostJob(node, job, context);
  return { file: packedTree, startedAt, endedAt };
}

export async function undoPack(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  await endHostJob(node, packJob(node, request, step, ''), context);
  const target = posix.join(request.staging, packedTree);
  await node.shell.run('rm', ['-f', '--', target, `${target}.part`], { signal: context.signal, timeoutMs: 60_000 });
  return { removed: packedTree };
}

function captureJob(node: XcatNode, request: CaptureRequest, step: PlanStep, directory: string): HostJob {
  const { osimage, temporaryDirectory } = requireRootimg(node);
  const { limitSeconds } = node.settings.capture;
  const place = [node.name, posix.join(directory, 'rootimg'), temporaryDirectory];
  const own = [osimageLock(node), String(limitSeconds), ...place, request.fence.owner];
  const client = [clientPath(node.place, 'imgcapture'), node.name, '-t', 'diskless', '-o', osimage];
  return {
    step: step.id,
    what: step.title,
    fence: request.fence,
    script: CAPTURE_JOB,
    args: [...own, ...client],
    judge: (ended) => judgeCapture(node, ended),
  };
}

/** The last line tells, not the status: a client that was asked to end leaves with 0. */
function judgeCapture(node: XcatNode, ended: EndedJob) {
  if (ended.exitCode === 0 && isCaptureDone(ended.outputTail)) return undefined;
  const { exitCode, outputTail: stdout, errorTail } = ended;
  const stderr = `${errorTail}\n(it ${captureStage(stdout)})`;
  const result = { command: `imgcapture ${node.name}`, exitCode, stdout, stderr: stdout === '' ? errorTail : stderr };
  return xcatFailure({ verb: 'imgcapture', node: node.name, manner: 'acts' }, result);
}

/** Held by all that fill, pack or remove the tree of the osimage. */
function osimageLock(node: XcatNode): string {
  return lockOf(node.place, `osimage-${requireRootimg(node).osimage}`);
}

function packJob(node: XcatNode, request: CaptureRequest, step: PlanStep, directory: string): HostJob {
  const target = posix.join(request.staging, packedTree);
  return {
    step: step.id,
    what: step.title,
    fence: request.fence,
    script: PACK_CAPTURED,
    args: [osimageLock(node), directory, target, request.fence.owner],
  };
}

function evidenceOf({ tree, startedAt, endedAt }: z.output<typeof captured.schema>): Evidence {
  return { tree, startedAt, endedAt };
}
