import type { CallContext } from '../../domain/call-context.ts';
import { ImprintError, errorChain } from '../../domain/errors.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import type { NodeStatus } from '../../domain/node-status.ts';
import type { NodeContext } from '../provisioner.ts';
import { compareLines } from './compare.ts';
import { findText } from './files.ts';
import { configurationOf, sha256Of } from './image.ts';
import type { ServiceNode } from './node.ts';
import { findNote, type LoadedNote } from './note.ts';
import { readImageOf } from './running.ts';

/** What was seen on the host. */
interface Seen {
  /** The image's part of what runs. */
  readonly text: string;
  /** The image's part of what the service starts with; absent where there is no such file. */
  readonly persisted?: string;
  readonly note?: LoadedNote;
}

/** What an image would have to be to be what runs. */
interface Wanted {
  readonly name: string;
  readonly sha256: string;
}

/**
 * The answer of node_status for a service. There is no currentimage.txt: what runs is compared with what the expected revision says, or, where none
 * is expected, with what the latest load noted. A service has no power, and nothing to prepare, so POST_LOAD never comes.
 */
export async function nodeStatus(
  node: ServiceNode,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const reach = (ssh: boolean) => (node.settings.host.kind === 'ssh' ? { ssh, ...(ssh ? { ping: true } : {}) } : {});
  try {
    const seen = await see(node, context);
    return { ...(await judge({ node, expected, seen }, context)), ...reach(true) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof ImprintError)) throw error;
    return { status: 'RELOAD', ...reach(false), reasons: { status: errorChain(error) } };
  }
}

async function see(node: ServiceNode, context: CallContext): Promise<Seen> {
  const text = await readImageOf(node, context);
  const file = await findText(node.shell, node.service.persistedAt, context);
  const note = await findNote(node, context);
  return {
    text,
    ...(file === undefined ? {} : { persisted: node.service.imageOf(file) }),
    ...(note === undefined ? {} : { note }),
  };
}

interface Case {
  readonly node: ServiceNode;
  readonly expected: Revision | undefined;
  readonly seen: Seen;
}

async function judge({ node, expected, seen }: Case, context: NodeContext): Promise<NodeStatus> {
  const { note } = seen;
  const wanted = expected === undefined ? note : wantedOf(node, expected);
  const runs = [wanted, note].find((one) => one?.sha256 === sha256Of(seen.text));
  const known = {
    ...(note === undefined ? {} : { nodetype: note.name }),
    ...(runs === undefined ? {} : { currentimage: runs.name }),
  };
  const reasons = {
    ...startsWith(node, seen),
    nodetype: note === undefined ? 'no load has left a note on the host' : `the note of run ${note.run} names it`,
    currentimage:
      runs === undefined ? 'what runs is no revision that is known here' : 'what runs is, byte by byte, what it says',
  };
  const { subject } = node.service;
  if (wanted === undefined) {
    const status = `nothing is recorded as loaded, so nothing says what ${subject} should run`;
    return { status: 'RELOAD', ...known, reasons: { status, ...reasons } };
  }
  if (runs?.sha256 === wanted.sha256) {
    return { status: 'READY', ...known, reasons: { status: `${subject} runs ${wanted.name}`, ...reasons } };
  }
  return {
    status: 'RELOAD',
    ...known,
    reasons: { ...(await drift({ node, expected, seen }, wanted, context)), ...reasons },
  };
}

function wantedOf(node: ServiceNode, expected: Revision): Wanted {
  return { name: nameOfRevision(expected), sha256: configurationOf(node, expected).sha256 };
}

function startsWith({ service }: ServiceNode, { text, persisted }: Seen): { readonly nodeset: string } {
  if (persisted === undefined) return { nodeset: `there is no ${service.persistedAt}: a restart would lose what runs` };
  const same = persisted === text ? 'what runs' : 'something else than what runs';
  return { nodeset: `${service.persistedAt}, which it starts with, holds ${same}` };
}

/** What differs, line by line, where the library has what was expected. */
async function drift(
  { node, expected, seen }: Case,
  wanted: Wanted,
  context: NodeContext,
): Promise<{ readonly status: string; readonly difference?: string }> {
  const { subject, redact } = node.service;
  const bytes =
    expected === undefined ? undefined : await context.readImageFile(expected, configurationOf(node, expected));
  if (bytes === undefined)
    return { status: `${subject} does not run ${wanted.name}; there is no copy of it here to compare with` };
  const { missing, added, lines } = compareLines(Buffer.from(bytes).toString('utf8'), seen.text, redact);
  const status = `${subject} does not run ${wanted.name}: ${count(missing)} missing, ${count(added)} too many`;
  return { status, difference: lines.join('\n') };
}

function count(lines: number): string {
  return lines === 1 ? '1 line' : `${String(lines)} lines`;
}
