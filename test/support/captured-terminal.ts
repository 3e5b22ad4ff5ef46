import { EventEmitter } from 'node:events';
import { runCommandLine } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that keeps what is written to it. */
export interface CapturedTerminal extends Terminal {
  /** Lines on standard output and standard error. */
  readonly out: string[];
  readonly err: string[];
  /** Every frame that was shown in place. */
  readonly frames: (readonly string[])[];
}

export function captureTerminal(options: { readonly live?: boolean } = {}): CapturedTerminal {
  const out: string[] = [];
  const err: string[] = [];
  const frames: (readonly string[])[] = [];
  return {
    out,
    err,
    frames,
    live: options.live ?? false,
    colour: false,
    width: () => 100,
    print: (text) => void out.push(...text.split('\n')),
    complain: (text) => void err.push(...text.split('\n')),
    show: (lines) => void frames.push(lines),
    settle: () => undefined,
  };
}

/** What a command line ended with. */
export interface CommandOutcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A command line that is being carried out in this process. */
export interface RunningCommand {
  readonly terminal: CapturedTerminal;
  readonly outcome: Promise<CommandOutcome>;
  /** Ctrl-C. */
  interrupt(): void;
}

export function startCommand(args: readonly string[], options: { readonly live?: boolean } = {}): RunningCommand {
  const terminal = captureTerminal(options);
  const signals = new EventEmitter();
  const outcome = runCommandLine(args, terminal, signals).then((status) => ({
    status,
    out: terminal.out.join('\n'),
    err: terminal.err.join('\n'),
  }));
  return { terminal, outcome, interrupt: () => void signals.emit('SIGINT') };
}

/** Carries out a command line in this process: `imprint('nodes', 'list')`. */
export async function imprint(...args: readonly string[]): Promise<CommandOutcome> {
  return await startCommand(args).outcome;
}
