import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirm, type Answers } from '../../../src/cli/confirm.ts';
import { captureTerminal } from '../../support/captured-terminal.ts';

/** A person who types this. */
function answering(text: string): Answers {
  const input = new PassThrough();
  input.end(text);
  return Object.assign(input, { isTTY: true });
}

const sessionOn = (terminal = captureTerminal({ live: true })) => ({
  terminal,
  signals: new EventEmitter(),
  status: 0,
});

describe('a question before something that cannot be taken back', () => {
  it.each([
    ['y\n', true],
    ['Yes\n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
    ['', false],
  ])('answered with %j is %s', async (text, expected) => {
    const session = sessionOn();
    expect(await confirm(session, 'Delete web@1?', answering(text))).toBe(expected);
    expect(session.terminal.out).toEqual(['Delete web@1? [y/N]']);
  });

  it('is an error where nobody watches, and where nobody can answer', async () => {
    const refused = { name: 'InvalidInputError', message: 'Delete web@1? Nobody can be asked here: add --yes' };
    await expect(confirm(sessionOn(captureTerminal()), 'Delete web@1?', answering('y\n'))).rejects.toMatchObject(
      refused,
    );
    await expect(confirm(sessionOn(), 'Delete web@1?', new PassThrough())).rejects.toMatchObject(refused);
  });
});
