/** Runs commands and moves files on one host, over SSH or locally. Safe for concurrent use. */
export interface Shell {
  /** For messages: `this host`, `root@10.0.0.7:22`. */
  readonly host: string;
  /**
   * Runs `file` with `args`; nothing is ever glued into a shell line. Resolves with the result when the exit status is 0 or in
   * `allowedExitCodes`. Throws CommandFailedError (it ran and said no), CapacityError (it said that there is no space left), UnavailableError (could not connect, nothing begun),
   * UnauthorizedError (credentials or host key), OutcomeUnknownError (connection lost or time limit after the command began).
   */
  run(file: string, args: readonly string[], options: RunOptions): Promise<CommandResult>;
  /** Writes a file through a temporary name and a rename, so that it is never seen half-written. `mode` defaults to 0o600. */
  upload(content: string | Uint8Array, path: string, options: TransferOptions): Promise<void>;
  /** Reads a whole file; NotFoundError when it is not there. */
  download(path: string, options: TransferOptions): Promise<Uint8Array>;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** How long the command may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Sent to its standard input, which is then closed. The way for secrets: they are never arguments. */
  readonly stdin?: string | Uint8Array;
  /** Exit statuses that are answers, not errors. Default: only 0. */
  readonly allowedExitCodes?: readonly number[];
  /** Added to the environment; LC_ALL=C is always set. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly mode?: number;
}

/** The same fields whether it worked or not. */
export interface CommandResult {
  /** For messages and logs: file and arguments, quoted. */
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}
