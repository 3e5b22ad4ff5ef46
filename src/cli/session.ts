import type { Terminal } from './terminal.ts';

/** Who sends SIGINT: the process, or a test. */
export interface Signals {
  once(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** One call of the command line. */
export interface Session {
  readonly terminal: Terminal;
  readonly signals: Signals;
  /** The exit status, unless an error decides otherwise. */
  status: number;
}

/** What every command takes. */
export interface OutputOptions {
  readonly json?: true;
}

/** Prints a result: one JSON document for a program, text for a person. */
export function printResult(session: Session, options: OutputOptions, document: unknown, text: string): void {
  if (options.json === true) printDocument(session, document);
  else session.terminal.print(text);
}

export function printDocument({ terminal }: Session, document: unknown): void {
  terminal.print(JSON.stringify(document, undefined, 2));
}

/** Ctrl-C while it is held. */
export interface Interrupt {
  readonly signal: AbortSignal;
  release(): void;
}

/** Takes Ctrl-C over until it is released. The second Ctrl-C ends the process, as it always does. */
export function holdInterrupt({ signals }: Session): Interrupt {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signals.once('SIGINT', abort);
  return { signal: controller.signal, release: () => void signals.off('SIGINT', abort) };
}
