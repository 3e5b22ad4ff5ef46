import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { whatToComplete } from '../../../src/cli/completion/what-to-complete.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { captureTerminal, imprint } from '../../support/captured-terminal.ts';

const program = createProgram({ terminal: captureTerminal(), signals: new EventEmitter(), status: 0 });

function wordsAfter(...words: readonly string[]): readonly string[] {
  const wanted = whatToComplete(program, words);
  return wanted.kind === 'words' ? wanted.candidates.map(({ value }) => value) : [];
}

describe('what is completed', () => {
  it('is a command, and then a command of its group', () => {
    expect(wordsAfter('')).toEqual(expect.arrayContaining(['capture', 'nodes', 'completion', 'help']));
    expect(wordsAfter('')).not.toContain('complete');
    expect(wordsAfter('nodes', '')).toEqual(expect.arrayContaining(['list', 'edit', 'remove']));
  });

  it('is an option once a hyphen is typed, until the options are over', () => {
    expect(wordsAfter('capture', 'lab-07', '--im')).toEqual(expect.arrayContaining(['--image', '--json', '--help']));
    expect(wordsAfter('capture', '--', '--im')).toEqual([]);
  });

  it('is the value of an option that takes one', () => {
    const after = ['reload', 'powerOn', 'leaveOff'];
    expect(wordsAfter('capture', 'lab-07', '--after', '')).toEqual(after);
    expect(wordsAfter('capture', 'lab-07', '--after=')).toEqual(after.map((value) => `--after=${value}`));
    expect(wordsAfter('capture', 'lab-07', '--comment', '')).toEqual([]);
    expect(whatToComplete(program, ['nodes', 'edit', 'x', '--settings', ''])).toEqual({ kind: 'files' });
    expect(whatToComplete(program, ['capture', 'x', '--os=d'])).toEqual({
      kind: 'names',
      of: 'operatingSystems',
      lead: '--os=',
    });
  });

  it('is what stands at that place, options and their values not counted', () => {
    expect(wordsAfter('power', '--request-key', 'monday', '--json', 'lab-07', '')).toContain('status');
    expect(whatToComplete(program, ['status', ''])).toEqual({ kind: 'names', of: 'nodes', lead: '' });
    expect(whatToComplete(program, ['runs', 'show', 'c'])).toEqual({ kind: 'names', of: 'runs', lead: '' });
    expect(whatToComplete(program, ['images', 'import', 'web', 'a.raw', ''])).toEqual({ kind: 'files' });
    expect(wordsAfter('status', 'lab-07', '')).toEqual([]);
  });

  it('is nothing where a new name is given', () => {
    expect(wordsAfter('nodes', 'add', '')).toEqual([]);
  });
});

describe('a completion', () => {
  it('holds only what fits what is typed, with its description', async () => {
    const { status, out } = await imprint('complete', '--', 'nodes', 'l');
    expect({ status, out }).toEqual({
      status: 0,
      out: 'list\tlist all nodes with their state and what is loaded on them',
    });
  });

  it.each([
    ['without a catalog', undefined],
    ['with one that does not answer', 'postgres://nobody@127.0.0.1:1/none'],
  ])('%s offers no names, and says nothing', async (_case, address) => {
    vi.stubEnv('DATABASE_URL', address);
    vi.stubEnv('IMPRINT_STATE_DIR', '/nonexistent/imprint');
    expect(await imprint('complete', '--', 'status', '')).toEqual({ status: 0, out: '', err: '' });
    vi.unstubAllEnvs();
  });
});
