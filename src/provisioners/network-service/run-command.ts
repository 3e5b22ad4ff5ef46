import type { CallContext } from '../../domain/call-context.ts';
import { CommandFailedError, IntegrityError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { CommandResult } from '../../remote/shell.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import type { Service, ServiceCommand } from './service.ts';

/** FRR's reading and checking takes about 0.1 s, a large table of nftables some seconds. */
const LOOK_MS = 60_000;

/** Every exit status is an answer here: what a tool prints may hold secrets, so no error is made of it unread. */
const anyStatus = [...Array(256).keys()];

/** How much of what a tool printed goes into an error. */
const SHOWN_LINES = 6;

/** Runs a command that changes nothing. */
export async function look(node: ServiceNode, command: ServiceCommand, context: CallContext): Promise<CommandResult> {
  const options = { signal: context.signal, timeoutMs: LOOK_MS, allowedExitCodes: anyStatus };
  return await node.shell.run(command.file, command.args, options);
}

const REFUSED = 10;

/** The lock outlives a shell that is killed as long as its command runs, so that nothing is applied by two at once. */
const ACT = `"$@" || { echo "exit status $?" >&2; exit ${String(REFUSED)}; }`;

/** What a service starts must not hold the lock for as long as it runs. */
const START = `"$@" 9>&- || { echo "exit status $?" >&2; exit ${String(REFUSED)}; }`;

/** A command that changes what runs. */
export interface Deed {
  readonly fence: Fence;
  /** `apply web-v3 to FRR r1` */
  readonly what: string;
  readonly command: ServiceCommand;
}

/** Does it under the fence; CommandFailedError, without secrets, when it says no. */
export async function act(node: ServiceNode, deed: Deed, context: CallContext): Promise<void> {
  await carryOut(node, deed, ACT, context);
}

/** The same for a command that leaves processes behind. */
export async function start(node: ServiceNode, deed: Deed, context: CallContext): Promise<void> {
  await carryOut(node, deed, START, context);
}

async function carryOut(node: ServiceNode, deed: Deed, script: string, context: CallContext): Promise<void> {
  const { fence, what, command } = deed;
  const action = { what, script, args: [command.file, ...command.args] };
  const result = await inNodeDirectory(node, fence, action, context);
  if (result.exitCode === 0) return;
  throw new CommandFailedError(`${what}: ${command.file} says ${said(node.service, result)}`);
}

/** Has a file on the host checked by the service's own tool; IntegrityError says what it found. */
export async function checkFile(node: ServiceNode, what: string, path: string, context: CallContext): Promise<void> {
  const command = node.service.check(path);
  const result = await look(node, command, context);
  if (result.exitCode === 0) return;
  const { shell, service } = node;
  throw new IntegrityError(`check ${what} with ${command.file} on ${shell.host}: it says ${said(service, result)}`);
}

/** The last lines that a tool printed, without secrets. */
export function said(service: Pick<Service, 'redact'>, { stdout, stderr, exitCode }: CommandResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => service.redact(line).trim());
  const last = lines.filter((line) => line !== '').slice(-SHOWN_LINES);
  return last.length === 0 ? `nothing, with exit status ${String(exitCode)}` : last.join('; ');
}
