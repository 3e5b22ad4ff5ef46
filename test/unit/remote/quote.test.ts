import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeCommand, quoteArgument, quoteCommand } from '../../../src/remote/quote.ts';

const hostile = [
  '',
  ' ',
  "it's",
  '"double"',
  'two\nlines\n',
  '$HOME `id` $(id)',
  '\\',
  '!history',
  '*',
  '~',
  '-n',
  'A=b',
  'a;b&c|d>e<f',
  '\ttab',
  'größe 日本',
  "'''",
];

describe('quoting', () => {
  it.each(['sh', 'bash'])('gives %s back exactly the arguments that went in', (shell) => {
    const line = quoteCommand('printf', ['%s\\0', ...hostile]);

    const printed = execFileSync(shell, ['-c', line]).toString();

    expect(printed.split('\0').slice(0, -1)).toEqual(hostile);
  });

  it('would not, were the arguments glued together (control)', () => {
    const line = ['printf', "'%s\\0'", 'two words', '$HOME'].join(' ');

    const printed = execFileSync('sh', ['-c', line]).toString();

    expect(printed.split('\0').slice(0, -1)).not.toEqual(['two words', '$HOME']);
  });

  it('leaves plain words readable', () => {
    expect(quoteArgument('/srv/images/web-v1.qcow2')).toBe('/srv/images/web-v1.qcow2');
  });

  it('quotes a word that a shell would take for an assignment', () => {
    expect(quoteArgument('PATH=/tmp')).toBe("'PATH=/tmp'");
  });
});

describe('describing a command', () => {
  it('stays on one line and cuts what is long', () => {
    const text = describeCommand('sh', ['-c', `echo one\n  echo two\n${'x'.repeat(500)}`]);

    expect(text).toMatch(/^sh -c 'echo one echo two x+…'$/);
    expect(text.length).toBeLessThan(140);
  });
});
