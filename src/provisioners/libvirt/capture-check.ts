import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import { ConflictError, ImprintError, errorChain } from '../../domain/errors.ts';
import type { CaptureCheck, CaptureRequest } from '../provisioner.ts';
import { checkedChain } from './chain.ts';
import { type DefinedDisk, type Definition, isFileDisk, parseDefinition } from './definition.ts';
import { diskDirectoryProblems } from './disk-directory.ts';
import { identifyFiles } from './disk-files.ts';
import { libraryProblems } from './library-view.ts';
import { type LibvirtNode, onHost } from './node.ts';

/** Tables of a qcow2 file: far below 1 % of its content, and never nothing. */
const METADATA_FACTOR = 1.01;
const METADATA_BYTES = 1_048_576;

/** The definition of the node's domain; ConflictError when it has none. */
export async function definitionOf(node: LibvirtNode, context: CallContext): Promise<Definition> {
  const text = await node.virsh.definition(node.domain, context.signal);
  if (text !== undefined) return parseDefinition(text);
  throw new ConflictError(`read the definition of ${node.domain}: libvirt knows no such domain`);
}

/** Where backing files of the node's disks may lie. */
export function trustedDirectories(node: LibvirtNode, request: Pick<CaptureRequest, 'library'>): readonly string[] {
  return [node.directory, onHost(node, request.library, request.library.root)];
}

/** What stands in the way of a capture, and the most that its copy can take. Reads only, but for the library's nonce. */
export async function checkCapture(
  node: LibvirtNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<CaptureCheck> {
  const text = await node.virsh.definition(node.domain, context.signal);
  if (text === undefined) {
    const problem = `libvirt on ${node.shell.host} knows no domain ${node.domain}`;
    return { problems: [{ where: 'settings.domain', problem }], bytesNeeded: 0 };
  }
  const definition = parseDefinition(text);
  const disks = await Promise.all(definition.disks.map((disk) => checkDisk(node, disk, request, context)));
  const problems = [
    ...disks.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    ...(definition.disks.length === 0 ? [{ where: 'domain.disks', problem: `${node.domain} has no disk` }] : []),
    ...(await savedMemoryProblems(node, context)),
    // The job that copies a disk keeps its record there.
    ...(await diskDirectoryProblems(node, context)),
    ...(await libraryProblems(node, request.library, context)),
  ];
  return { problems, bytesNeeded: disks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function checkDisk(
  node: LibvirtNode,
  disk: DefinedDisk,
  request: CaptureRequest,
  context: CallContext,
): Promise<{ readonly problem?: Problem; readonly bytes: number }> {
  const where = `domain.disks.${disk.name}`;
  const wrong = (problem: string): { problem: Problem; bytes: number } => ({ problem: { where, problem }, bytes: 0 });
  if (!isFileDisk(disk)) return wrong(`expected a qcow2 or raw file; it is ${disk.path ?? 'no file'} (${disk.format})`);
  const files = await identifyFiles(node.shell, [disk.path], context);
  if (files.length === 0) return wrong(`${disk.path} is not there, or is no regular file`);
  try {
    const trusted = trustedDirectories(node, request);
    const chain = await checkedChain(node, disk, { trusted, sharing: 'shared' }, context);
    const allocated = chain.reduce((sum, link) => sum + link.allocatedBytes, 0);
    const most = Math.min(allocated, chain[0]?.virtualSizeBytes ?? allocated);
    return { bytes: Math.ceil(most * METADATA_FACTOR) + METADATA_BYTES };
  } catch (error) {
    if (error instanceof ImprintError && !error.retryable) return wrong(errorChain(error));
    throw error;
  }
}

async function savedMemoryProblems(node: LibvirtNode, context: CallContext): Promise<readonly Problem[]> {
  if (!(await node.virsh.hasManagedSave(node.domain, context.signal))) return [];
  const problem = `${node.domain} has saved memory that belongs to its disks: start it, or remove it with virsh managedsave-remove`;
  return [{ where: 'domain', problem }];
}
