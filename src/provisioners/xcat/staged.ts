import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { CaptureRequest, StagedImage } from '../provisioner.ts';
import { packedTree } from './live-capture.ts';
import { disksOf } from './names.ts';
import { requireRepository, type XcatNode } from './node.ts';
import { findNote } from './notes.ts';
import { off } from './off-proof.ts';

/** What the steps of a capture left in the staging directory; IntegrityError when one of them has not been done. */
export async function staged(node: XcatNode, request: CaptureRequest, context: CallContext): Promise<StagedImage> {
  if (node.settings.images?.in === 'rootimg')
    return { disks: await archives(node, request, [{ name: 'rootimg', file: packedTree }], context), forced: false };
  const noted = await findNote(node, request.fence, off, context);
  if (noted === undefined) throw new IntegrityError(`read what was staged for ${node.name}: no step has seen it off`);
  const disks = await archives(node, request, disksOf(requireRepository(node), request.revision), context);
  return { disks, offSince: noted.at, forced: noted.forced };
}

/** What the guest would see of an archive is not known; its size stands for it. */
async function archives(
  node: XcatNode,
  { staging }: CaptureRequest,
  files: readonly { readonly name: string; readonly file: string }[],
  context: CallContext,
): Promise<StagedImage['disks']> {
  const paths = files.map(({ file }) => posix.join(staging, file));
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const { stdout } = await node.shell.run('stat', ['-c', '%s', '--', ...paths], options);
  const sizes = stdout.split('\n').filter((line) => line !== '');
  if (sizes.length !== files.length) throw new IntegrityError(`read what was staged in ${staging}: a file is missing`);
  return files.map(({ name, file }, index) => {
    return { name, file, format: 'archive' as const, virtualSizeBytes: Number(sizes[index]) };
  });
}
