import type { CallContext } from '../../domain/call-context.ts';
import type { CommandResult, Shell } from '../../remote/shell.ts';

/** A constant POSIX sh script with its data. */
export interface Script {
  /** For the progress and for messages: `prepare the system for its capture`. */
  readonly what: string;
  readonly text: string;
  /** Positional parameters; never secrets. */
  readonly args: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly allowedExitCodes?: readonly number[];
}

/** How often a silent script tells its caller that it is alive. */
const PROGRESS_MS = 3_000;

/** Runs a script by one command: each command over SSH costs an emulated guest half a second. */
export async function runScript(shell: Shell, script: Script, context: CallContext): Promise<CommandResult> {
  const tell = (): void => {
    context.progress({ what: script.what });
  };
  tell();
  const timer = setInterval(tell, PROGRESS_MS);
  try {
    return await shell.run('sh', ['-c', script.text, 'imprint', ...script.args], {
      signal: context.signal,
      timeoutMs: script.timeoutMs,
      ...(script.env === undefined ? {} : { env: script.env }),
      ...(script.stdin === undefined ? {} : { stdin: script.stdin }),
      ...(script.allowedExitCodes === undefined ? {} : { allowedExitCodes: script.allowedExitCodes }),
    });
  } finally {
    clearInterval(timer);
  }
}
