import { CapacityError } from '../domain/errors.ts';

/** A command as it is handed to what carries it: a local process or a channel of an SSH connection. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array | undefined;
  /** For messages: file and arguments, quoted, long ones cut. */
  readonly text: string;
}

/** How a command ended: with an exit status, or killed by a signal (`SIGKILL`). */
export interface Execution {
  readonly ending: { readonly exitCode: number } | { readonly killedBy: string };
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs one command to its end. Throws UnavailableError while nothing has begun, OutcomeUnknownError when its end was not seen,
 * UnauthorizedError, CapacityError (too much output), and the reason of `signal` when the caller aborted.
 */
export type Execute = (command: Command, signal: AbortSignal) => Promise<Execution>;

/** Most that a command may write to each of its two outputs: what is larger belongs in a file, not in memory. */
export const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/** What to throw when a command wrote more than the limit; it was stopped there. */
export function tooMuchOutput(command: Command, host: string): CapacityError {
  return new CapacityError(`could not keep the output of ${command.text} on ${host}: more than 16 MiB`);
}
