import type { CallContext } from '../../domain/call-context.ts';
import { parseDefinition } from './definition.ts';
import type { LibvirtNode } from './node.ts';

/** A booting system prints some 50 KiB; a MiB leaves room for a talkative one. */
const LIMIT_BYTES = 1_048_576;

/** What the domain printed on its serial console since its latest start; undefined when it has no log or never ran. */
export async function consoleText(node: LibvirtNode, context: CallContext): Promise<string | undefined> {
  const text = await node.virsh.definition(node.domain, context.signal);
  const path = text === undefined ? undefined : parseDefinition(text).consoleLog;
  if (path === undefined) return undefined;
  const result = await node.shell.run('tail', ['-c', String(LIMIT_BYTES), '--', path], {
    signal: context.signal,
    timeoutMs: 30_000,
    allowedExitCodes: [0, 1],
  });
  return result.exitCode === 0 ? result.stdout : undefined;
}
