import { createInterface } from 'node:readline/promises';
import { InvalidInputError } from '../domain/errors.ts';
import type { Session } from './session.ts';

/** Where answers come from: standard input. */
export type Answers = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/**
 * Asks before something that cannot be taken back. True for `y` or `yes`; anything else, and no answer, is no. InvalidInputError where nobody can be
 * asked: then `--yes` must say it.
 */
export async function confirm(session: Session, question: string, answers: Answers = process.stdin): Promise<boolean> {
  const { terminal } = session;
  if (!terminal.live || answers.isTTY !== true) {
    throw new InvalidInputError(`${question} Nobody can be asked here: add --yes`);
  }
  terminal.print(`${question} [y/N]`);
  const lines = createInterface({ input: answers });
  try {
    return /^y(es)?$/i.test((await firstLine(lines)).trim());
  } finally {
    lines.close();
  }
}

/** Empty when the stream ends without one. */
async function firstLine(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) return line;
  return '';
}
