import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { LoadRequest } from '../provisioner.ts';
import { nodeProblems } from './capture-check.ts';
import type { XcatNode } from './node.ts';
import { archivesOf } from './place.ts';

/** What stands in the way of a load. Reads only. */
export async function checkLoad(
  node: XcatNode,
  request: LoadRequest,
  context: CallContext,
): Promise<readonly Problem[]> {
  archivesOf(request);
  const { images, load } = node.settings;
  const missing = [
    ...(images === undefined ? [{ where: 'settings.images', problem: 'expected where its images lie' }] : []),
    ...(load === undefined ? [{ where: 'settings.load', problem: 'expected how it is loaded: a boot target' }] : []),
    ...keptProblems(node, request),
  ];
  return missing.length > 0 ? missing : await nodeProblems(node, context);
}

/**
 * A bare disk cannot be set aside, it is overwritten. Where it may be the only proof of somebody's work, only the revision that was captured from it goes
 * onto it: whoever asked for that has its published copy.
 */
function keptProblems(node: XcatNode, { keepOutgoing, revision, computer }: LoadRequest): readonly Problem[] {
  if (!keepOutgoing || node.settings.load?.finished === 'answers') return [];
  if (revision.manifest?.source.computer === computer.name) return [];
  const problem =
    'its disk must be kept, and xCAT overwrites it: load the revision that was captured from it once, or release the node from maintenance';
  return [{ where: 'disk', problem }];
}
