import { CommanderError } from 'commander';
import { RunFailedError } from '../client.ts';
import { ImprintError, errorChain } from '../domain/errors.ts';
import type { Terminal } from './terminal.ts';

/** How an error is told. */
export interface ErrorStyle {
  /** As one JSON document on standard output. */
  readonly json: boolean;
  /** With the stack, for whoever mends the program. */
  readonly stack: boolean;
}

/** Tells a person on standard error what went wrong, or a program on standard output. */
export function reportError(error: unknown, terminal: Terminal, style: ErrorStyle): void {
  if (style.json) terminal.print(JSON.stringify(errorDocument(error), undefined, 2));
  // Commander has told the person already what is wrong with the arguments.
  else if (!(error instanceof CommanderError)) terminal.complain(`imprint: ${sentenceOf(error)}`);
  if (style.stack && error instanceof Error) terminal.complain(error.stack ?? '');
}

/** What `--json` prints for an error. */
export function errorDocument(error: unknown): Readonly<Record<string, unknown>> {
  return {
    error: error instanceof Error ? error.name : 'Error',
    message: sentenceOf(error),
    reason: reasonOf(error),
    ...(error instanceof ImprintError && Object.keys(error.evidence).length > 0 ? { evidence: error.evidence } : {}),
  };
}

/** The class of the error that is at the bottom of it; for a run that failed the one that ended the run. */
function reasonOf(error: unknown): string {
  if (error instanceof RunFailedError) return error.reason;
  if (error instanceof CommanderError) return 'InvalidInputError';
  return error instanceof Error ? error.name : 'Error';
}

/** A run's failure says all in its own message; below it lies only Temporal's wrapping. */
function sentenceOf(error: unknown): string {
  return error instanceof RunFailedError || error instanceof CommanderError ? error.message : errorChain(error);
}
