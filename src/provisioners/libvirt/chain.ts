import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError } from '../../domain/errors.ts';
import { type ChainLink, readChain, type Sharing } from '../../remote/qemu-img.ts';
import type { FileDisk } from './definition.ts';
import { isInside } from './names.ts';
import type { LibvirtNode } from './node.ts';

/**
 * The chain of a disk, refused with ConflictError when one of its backing files lies outside `trusted`: a header that a guest wrote
 * could name any file of the host. qemu-img follows the chain while it reports it, but hands out none of its content.
 */
export async function checkedChain(
  node: LibvirtNode,
  disk: FileDisk,
  from: { readonly trusted: readonly string[]; readonly sharing: Sharing },
  context: CallContext,
): Promise<readonly ChainLink[]> {
  const chain = await readChain(node.shell, disk, from.sharing, context.signal);
  const fault = chainFault(disk, chain, from.trusted);
  if (fault === undefined) return chain;
  throw new ConflictError(`read disk ${disk.name} of ${node.domain}: ${fault}`, {
    evidence: { chain: chain.map(({ path, format }) => `${path} (${format})`) },
  });
}

/** What is wrong with a chain, in a clause; undefined when nothing is. */
export function chainFault(
  disk: Pick<FileDisk, 'path'>,
  chain: readonly ChainLink[],
  trusted: readonly string[],
): string | undefined {
  const split = chain.find((link) => link.dataFile !== undefined);
  if (split?.dataFile !== undefined) return `${split.path} keeps its content in another file, ${split.dataFile}`;
  const implicit = chain.find((link) => link.hasBacking && link.backingFormat === undefined);
  if (implicit !== undefined) return `${implicit.path} does not say which format its backing file has`;
  const outside = chain.slice(1).find((link) => !trusted.some((directory) => isInside(directory, link.path)));
  if (outside === undefined) return undefined;
  return `${disk.path} is backed by ${outside.path}, which is neither in the node's directory nor in the library`;
}
