/** What a POSIX shell reads as itself, so it needs no quotes. `=` is left out: at the start of a line it would be an assignment. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/** Longest argument that a message shows in full; scripts and documents are cut there. */
const SHOWN_CHARACTERS = 120;

/** One word of a POSIX shell line that the shell reads back as exactly `argument`. Newlines and quotes are kept as they are. */
export function quoteArgument(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** A POSIX shell line that runs `file` with exactly `args`. The only place where an argument array becomes a line. */
export function quoteCommand(file: string, args: readonly string[]): string {
  return [file, ...args].map(quoteArgument).join(' ');
}

/** The same for messages and logs: on one line, and an argument longer than 120 characters is cut and ends in `…`. */
export function describeCommand(file: string, args: readonly string[]): string {
  return [file, ...args].map((argument) => quoteArgument(shorten(argument))).join(' ');
}

function shorten(argument: string): string {
  const line = argument.replaceAll(/\s*\n\s*/g, ' ');
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
