import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ImprintError, errorChain } from '../../domain/errors.ts';
import type { CaptureCheck, CaptureRequest } from '../provisioner.ts';
import { clientPath } from '../../remote/xcat/client.ts';
import { imageDirectory } from './live-capture.ts';
import { lookAtFiles } from './repository-files.ts';
import { readPower } from './power.ts';
import { unfenced, type XcatNode } from './node.ts';

/** kvm's driver reads `off` for everything that does not run: paused, saved, crashed. Such a reading is no proof. */
const UNSURE_OFF = ['kvm', 'vmware', 'esx'];

/** What stands in the way of a capture. Reads only. What the image will take is not known before it was made. */
export async function checkCapture(
  node: XcatNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<CaptureCheck> {
  const problems = await nodeProblems(node, context);
  if (problems.length > 0) return { problems, bytesNeeded: 0 };
  const { images } = node.settings;
  if (images === undefined) return found([{ where: 'settings.images', problem: 'expected where its images lie' }]);
  return found(
    images.in === 'rootimg' ? await liveProblems(node, context) : await imagingProblems(node, request, context),
  );
}

function found(problems: readonly Problem[]): CaptureCheck {
  return { problems, bytesNeeded: 0 };
}

/** The clients are there and executable, and xCAT knows the node. */
export async function nodeProblems(node: XcatNode, context: CallContext): Promise<readonly Problem[]> {
  const missing: Problem[] = [];
  for (const verb of ['rpower', 'nodeset', 'nodestat', 'lsdef', 'chdef']) {
    const path = clientPath(node.place, verb);
    const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
    const { exitCode } = await node.shell.run('test', ['-x', path], options);
    if (exitCode !== 0)
      missing.push({ where: 'settings.xcatRoot', problem: `${path} is not there on ${node.shell.host}` });
  }
  if (missing.length > 0) return missing;
  return await problemsOf('settings.node', () => node.xcat.attributes(node.name, ['mgt'], unfenced(context)));
}

async function imagingProblems(
  node: XcatNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  const { mgt = '' } = await node.xcat.attributes(node.name, ['mgt'], unfenced(context));
  const unsure = {
    where: 'settings.node',
    problem: `xCAT drives ${node.name} by ${mgt}, whose "off" may be a paused machine`,
  };
  const { directory } = node.settings.images as { readonly directory: string };
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const { exitCode } = await node.shell.run('test', ['-d', directory, '-a', '-w', directory], options);
  const absent = { where: 'settings.images.directory', problem: `${directory} is missing or cannot be written to` };
  const present = exitCode === 0 ? await lookAtFiles(node, request.revision, context) : undefined;
  const leftover = { where: 'settings.images.directory', problem: `${directory} holds files of this revision already` };
  return [
    ...(UNSURE_OFF.includes(mgt) ? [unsure] : []),
    ...(exitCode === 0 ? [] : [absent]),
    ...(present !== undefined && (present.bytes > 0 || present.done || present.failed) ? [leftover] : []),
  ];
}

async function liveProblems(node: XcatNode, context: CallContext): Promise<readonly Problem[]> {
  const image = await problemsOf('settings.images.osimage', () => imageDirectory(node, context));
  const { value, raw } = await readPower(node, context);
  const { sshd, raw: said } = await node.xcat.stage(node.name, unfenced(context));
  const asleep = { where: 'node', problem: `imgcapture copies a running system: rpower says ${raw}, nodestat ${said}` };
  return [...image, ...(value === 'on' && sshd ? [] : [asleep])];
}

/** What is refused for good is a problem; what may pass by is an error. */
async function problemsOf(where: string, ask: () => Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await ask();
    return [];
  } catch (error) {
    if (error instanceof ImprintError && !error.retryable) return [{ where, problem: errorChain(error) }];
    throw error;
  }
}
