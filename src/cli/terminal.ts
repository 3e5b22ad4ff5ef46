import { createLogUpdate } from 'log-update';

/** Where the command line writes. */
export interface Terminal {
  /** Whether a person watches standard output: a frame can then be shown in place. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Columns. */
  width(): number;
  /** A line, or several, on standard output. */
  print(text: string): void;
  /** A line, or several, on standard error. */
  complain(text: string): void;
  /** Shows lines in place of those that were shown last; only where `live`. */
  show(lines: readonly string[]): void;
  /** Leaves what was shown last where it is. */
  settle(): void;
}

/** Columns assumed where there is no terminal. */
const defaultWidth = 120;

/** The terminal of this process. Colours as the stream has them: none where NO_COLOR is set or where it is no terminal. */
export function createTerminal(): Terminal {
  const { stdout, stderr } = process;
  const frame = createLogUpdate(stdout);
  stdout.on('error', endWithReader);
  return {
    live: stdout.isTTY,
    colour: stdout.isTTY && stdout.hasColors(),
    width: () => (stdout.isTTY ? stdout.columns : defaultWidth),
    print: (text) => void stdout.write(`${text}\n`),
    complain: (text) => void stderr.write(`${text}\n`),
    show: (lines) => frame(lines.join('\n')),
    settle: () => frame.done(),
  };
}

/** Nobody reads any more (`imprint runs list | head`): the command ends as the shell says of SIGPIPE. Runs that it started go on. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(128 + 13);
  throw error;
}
