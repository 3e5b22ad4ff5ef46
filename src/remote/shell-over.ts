import { CapacityError, CommandFailedError } from '../domain/errors.ts';
import type { Command, Execute, Execution } from './execution.ts';
import { downloadCommand, readDownload, uploadCommand } from './file-transfer.ts';
import { startLimits } from './limits.ts';
import { isOutOfSpace } from './out-of-space.ts';
import { describeCommand } from './quote.ts';
import type { RunOptions, Shell } from './shell.ts';

/** How much of an output goes into an error's evidence, which is kept in histories. */
const EVIDENCE_CHARACTERS = 4096;

interface Answer {
  readonly command: Command;
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly durationMs: number;
}

/** A shell whose commands are carried by `execute`: exit statuses become results and errors here, the same for every carrier. */
export function createShellOver(host: string, execute: Execute): Shell {
  const answer = async (file: string, args: readonly string[], options: RunOptions): Promise<Answer> => {
    const command = commandOf(file, args, options);
    const started = performance.now();
    const execution = await executeWithin(execute, command, options);
    const exitCode = acceptedExitCode(host, command, execution, options.allowedExitCodes ?? [0]);
    const { stdout, stderr } = execution;
    return { command, exitCode, stdout, stderr, durationMs: Math.round(performance.now() - started) };
  };
  return {
    host,
    async run(file, args, options) {
      const { command, exitCode, stdout, stderr, durationMs } = await answer(file, args, options);
      return { command: command.text, exitCode, stdout: stdout.toString(), stderr: stderr.toString(), durationMs };
    },
    async upload(content, path, options) {
      const { file, args, allowedExitCodes, stdin } = uploadCommand(content, path, options);
      await answer(file, args, { ...options, allowedExitCodes, stdin });
    },
    async download(path, options) {
      const { file, args, allowedExitCodes } = downloadCommand(path);
      return readDownload(await answer(file, args, { ...options, allowedExitCodes }), host, path);
    },
  };
}

function commandOf(file: string, args: readonly string[], options: RunOptions): Command {
  const stdin = typeof options.stdin === 'string' ? Buffer.from(options.stdin) : options.stdin;
  return { file, args, env: { ...options.env, LC_ALL: 'C' }, stdin, text: describeCommand(file, args) };
}

async function executeWithin(execute: Execute, command: Command, options: RunOptions): Promise<Execution> {
  options.signal.throwIfAborted();
  const limits = startLimits(options);
  try {
    return await execute(command, limits.signal);
  } finally {
    limits.release();
  }
}

function acceptedExitCode(host: string, command: Command, execution: Execution, allowed: readonly number[]): number {
  const { ending, stdout, stderr } = execution;
  if ('exitCode' in ending && allowed.includes(ending.exitCode)) return ending.exitCode;
  const Failure = isOutOfSpace(stderr.toString()) ? CapacityError : CommandFailedError;
  throw new Failure(`${complaintIn(stderr.toString())}${command.text} failed on ${host}`, {
    evidence: {
      ...ending,
      stderr: stderr.toString().slice(-EVIDENCE_CHARACTERS),
      stdout: stdout.toString().slice(-EVIDENCE_CHARACTERS),
    },
  });
}

/** First, since messages are cut: the text of a script says nothing to whoever reads why a run waits, what it complained of last does. */
function complaintIn(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `${line.slice(0, 200)}: `;
}
