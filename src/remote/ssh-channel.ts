import { Readable } from 'node:stream';
import type { NodeSSH, SSHExecCommandResponse } from 'node-ssh';
import type { ClientChannel } from 'ssh2';
import { OutcomeUnknownError, UnavailableError } from '../domain/errors.ts';
import { OUTPUT_LIMIT_BYTES, tooMuchOutput, type Command, type Execution } from './execution.ts';
import { stoppedAfter, within } from './limits.ts';
import { quoteCommand } from './quote.ts';

/** How one command is run on an open connection. */
export interface ChannelRequest {
  /** For messages: `root@10.0.0.7:22`. */
  readonly host: string;
  readonly command: Command;
  readonly signal: AbortSignal;
  /** Called when this connection takes no further command; this one was not begun and may be tried on another connection. */
  readonly onNotBegun: () => void;
}

/**
 * Runs one command on a channel of an open connection. When the signal aborts, the channel is closed and the caller goes on at once;
 * the process may live on, because OpenSSH does not end it with its channel.
 */
export async function executeOnChannel(ssh: NodeSSH, request: ChannelRequest): Promise<Execution> {
  const { command, host, signal } = request;
  const run = createChannelRun();
  const loss = watchForLoss(ssh, () => lostConnection(request));
  try {
    const ended = ssh.execCommand(quoteCommand('env', words(command)), { ...run.hooks, ...stdinOf(command) });
    const response = await within(signal, Promise.race([translated(ended, ssh, request), loss.happened]));
    if (run.isOverflown()) throw tooMuchOutput(command, host);
    // A status may arrive before the last output does: if the connection broke in between, the output cannot be trusted.
    return loss.isSeen() ? await loss.happened : toExecution(response, run.outputs(), request);
  } catch (error) {
    run.closeChannel();
    throw signal.aborted ? stoppedAfter(signal, `${command.text} on ${host}`) : error;
  } finally {
    loss.unwatch();
  }
}

function words({ env, file, args }: Command): string[] {
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), file, ...args];
}

function stdinOf({ stdin }: Command): { readonly stdin?: Readable } {
  return stdin === undefined || stdin.byteLength === 0 ? {} : { stdin: Readable.from([Buffer.from(stdin)]) };
}

function toExecution(
  { code, signal }: SSHExecCommandResponse,
  outputs: Pick<Execution, 'stdout' | 'stderr'>,
  request: ChannelRequest,
): Execution {
  if (code !== null) return { ending: { exitCode: code }, ...outputs };
  if (signal !== null) return { ending: { killedBy: signal }, ...outputs };
  // Neither a status nor a signal: the channel went away under the command.
  throw lostConnection(request);
}

function lostConnection({ command, host }: ChannelRequest, cause?: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(`lost the connection to ${host} during ${command.text}`, { cause });
}

/** Says of what ssh2 throws while a channel is opened whether the command can have begun. The texts are those of ssh2 1.17. */
async function translated(
  ended: Promise<SSHExecCommandResponse>,
  ssh: NodeSSH,
  request: ChannelRequest,
): Promise<SSHExecCommandResponse> {
  try {
    return await ended;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    const refused =
      message.startsWith('(SSH) Channel open failure') || (message === 'Unable to exec' && ssh.isConnected());
    if (refused || message.startsWith('Not connected') || message === 'No response from server') {
      request.onNotBegun();
      throw new UnavailableError(`could not begin ${request.command.text} on ${request.host}`, { cause });
    }
    throw lostConnection(request, cause);
  }
}

interface LossWatch {
  /** Rejects when the connection closes. */
  readonly happened: Promise<never>;
  readonly isSeen: () => boolean;
  readonly unwatch: () => void;
}

function watchForLoss(ssh: NodeSSH, error: () => Error): LossWatch {
  const { connection } = ssh;
  let seen = false;
  let onClose: (() => void) | undefined;
  const happened = new Promise<never>((_resolve, reject) => {
    onClose = (): void => {
      seen = true;
      // ssh2 tells the channels after this event; what they know (nothing had begun) is more exact, so it comes first.
      setImmediate(() => {
        reject(error());
      });
    };
    connection?.once('close', onClose);
  });
  happened.catch(() => undefined);
  return { happened, isSeen: () => seen, unwatch: () => onClose && connection?.off('close', onClose) };
}

interface ChannelRun {
  readonly hooks: {
    readonly noTrim: true;
    readonly onChannel: (channel: ClientChannel) => void;
    readonly onStdout: (chunk: Buffer) => void;
    readonly onStderr: (chunk: Buffer) => void;
  };
  readonly outputs: () => Pick<Execution, 'stdout' | 'stderr'>;
  readonly isOverflown: () => boolean;
  /** Closes the channel, or as soon as it opens. */
  readonly closeChannel: () => void;
}

/** Keeps the raw chunks: node-ssh decodes each by itself, which breaks a character that lies across two of them. */
function createChannelRun(): ChannelRun {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const sizes = { stdout: 0, stderr: 0 };
  let channel: ClientChannel | undefined;
  let unwanted = false;
  const closeChannel = (): void => {
    unwanted = true;
    channel?.close();
  };
  const isOverflown = (): boolean => Math.max(sizes.stdout, sizes.stderr) > OUTPUT_LIMIT_BYTES;
  const keep = (chunks: Buffer[], name: 'stdout' | 'stderr', chunk: Buffer): void => {
    sizes[name] += chunk.length;
    if (isOverflown()) closeChannel();
    else chunks.push(chunk);
  };
  return {
    hooks: {
      noTrim: true,
      onChannel: (opened) => {
        channel = opened;
        if (unwanted) opened.close();
      },
      onStdout: (chunk) => {
        keep(stdout, 'stdout', chunk);
      },
      onStderr: (chunk) => {
        keep(stderr, 'stderr', chunk);
      },
    },
    outputs: () => ({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
    isOverflown,
    closeChannel,
  };
}
