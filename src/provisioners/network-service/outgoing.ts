import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Evidence } from '../../domain/plan.ts';
import { findText, runDirectory, writeText } from './files.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { notePath } from './note-path.ts';
import { readImageOf, saveRunning } from './running.ts';

/** Where a run keeps, on the host, what it found there before it changed anything. */
export interface Outgoing {
  readonly directory: string;
  /** What ran, with its state. */
  readonly running: string;
  /** The image's part of it, without its state. */
  readonly image: string;
  /** A copy of the file that the service starts with, with its owner and mode; absent where there was none. */
  readonly persisted: string;
  readonly note: string;
  /** There once all of it was kept. */
  readonly complete: string;
  /** There from just before something is applied. */
  readonly applying: string;
  /** What is applied. */
  readonly wanted: string;
}

export function outgoingOf(node: ServiceNode, fence: Fence): Outgoing {
  const directory = runDirectory(node.directory, fence.owner);
  const at = (name: string): string => posix.join(directory, name);
  return {
    directory,
    running: at('running'),
    image: at('image'),
    persisted: at('persisted'),
    note: at('loaded.json'),
    complete: at('complete'),
    applying: at('applying'),
    wanted: at(`wanted-${node.service.file}`),
  };
}

const KEEP = `
keep() { if [ -e "$1" ]; then cp -pT -- "$1" "$2"; else rm -f -- "$2"; fi; }
keep "$1" "$2"
keep "$3" "$4"
: > "$5"
`;

/** Keeps what runs, what the service starts with, and what is noted as loaded; once: a retry finds what the first attempt kept. */
export async function keepOutgoing(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const { service, directory } = node;
  const kept = outgoingOf(node, fence);
  const what = `keep what runs on ${node.computer.name}`;
  await inNodeDirectory(node, fence, { what, script: 'mkdir -p -- "$1"', args: [kept.directory] }, context);
  const before = await findText(node.shell, kept.complete, context);
  if (before === undefined) {
    await writeText(node.shell, kept.running, await saveRunning(node, context), context);
    await writeText(node.shell, kept.image, await readImageOf(node, context), context);
    const args = [service.persistedAt, kept.persisted, notePath(directory), kept.note, kept.complete];
    await inNodeDirectory(node, fence, { what, script: KEEP, args }, context);
  }
  return { kept: kept.directory, service: service.subject };
}

/** What this run kept; undefined when it has kept nothing (yet, or any more). */
export async function findOutgoing(
  node: ServiceNode,
  fence: Fence,
  context: CallContext,
): Promise<(Outgoing & { readonly text: string }) | undefined> {
  const kept = outgoingOf(node, fence);
  if ((await findText(node.shell, kept.complete, context)) === undefined) return undefined;
  const text = await findText(node.shell, kept.running, context);
  return text === undefined ? undefined : { ...kept, text };
}

/** Forgets what this run kept: everything was put back. Of nothing: success. */
export async function forgetOutgoing(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const { directory } = outgoingOf(node, fence);
  const what = `forget what ran on ${node.computer.name}`;
  await inNodeDirectory(node, fence, { what, script: 'rm -rf -- "$1"', args: [directory] }, context);
  return { removed: directory };
}

const RETIRE = `
mkdir -p -- "$2"
[ ! -e "$1/complete" ] || { rm -rf -- "$2/\${1##*/}"; mv -T -- "$1" "$2/\${1##*/}"; }
rm -rf -- "$3"
`;

/** Sets aside what this load replaced. What runs before it left goes. Done already: success. */
export async function setOutgoingAside(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const { directory } = outgoingOf(node, fence);
  const args = [directory, asideDirectory(node), posix.dirname(directory)];
  const action = { what: `set aside what ran on ${node.computer.name}`, script: RETIRE, args };
  await inNodeDirectory(node, fence, action, context);
  return { setAside: asideDirectory(node) };
}

/** Deletes what this load and runs before it had kept. Of nothing: success. */
export async function deleteOutgoing(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const runs = posix.dirname(outgoingOf(node, fence).directory);
  const action = { what: `delete what ran on ${node.computer.name}`, script: 'rm -rf -- "$1"', args: [runs] };
  await inNodeDirectory(node, fence, action, context);
  return { deleted: runs };
}

/** Deletes what loads have set aside. Of nothing: success. */
export async function discardSetAside(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const aside = asideDirectory(node);
  const action = {
    what: `delete what was set aside on ${node.computer.name}`,
    script: 'rm -rf -- "$1"',
    args: [aside],
  };
  await inNodeDirectory(node, fence, action, context);
  return { deleted: aside };
}

function asideDirectory(node: ServiceNode): string {
  return posix.join(node.directory, 'aside');
}
