import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommand, addGroup } from '../../src/cli/command.ts';
import { createProgram } from '../../src/cli/program.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { captureTerminal } from '../support/captured-terminal.ts';

/** Commands that break a rule of the command line, with the reason why they may. */
const exceptions: Readonly<Record<string, string>> = {
  complete: 'is hidden: the scripts that `imprint completion` prints call it, and no person or program does',
};

function complaintsAbout(root: Command, page: string): readonly string[] {
  return root.commands.flatMap((command) => {
    const path = pathOf(command);
    if (path in exceptions) return [];
    const isGroup = command.commands.length > 0;
    const problems = [
      /^[^\n]{10,130}[^.\n]$/.test(command.description()) ? [] : ['has no description in one line without a full stop'],
      examplesOf(command).some((line) => line.includes(`imprint ${path}`)) ? [] : ['has no example that calls it'],
      isGroup || command.options.some(({ long }) => long === '--json') ? [] : ['has no --json'],
      isGroup || page.includes(`\`${path}`) ? [] : ['is not in docs/cli.md'],
    ];
    return [...problems.flat().map((problem) => `${path} ${problem}`), ...complaintsAbout(command, page)];
  });
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** The lines below `Examples:` in the help. */
function examplesOf(command: Command): readonly string[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  return (help.split('\nExamples:\n')[1] ?? '').split('\n').filter((line) => line.startsWith('  $ '));
}

const readPage = async (): Promise<string> => await readFile(join(packageRoot(), 'docs/cli.md'), 'utf8');

describe('every command', () => {
  it('has a description, an example that calls it, --json, and its place in docs/cli.md', async () => {
    const program = createProgram({ terminal: captureTerminal(), signals: new EventEmitter(), status: 0 });
    expect(complaintsAbout(program, await readPage())).toEqual([]);
  });

  it('is seen when it lacks one of them', () => {
    const program = new Command('imprint');
    const group = addGroup(program, 'planted', { summary: 'a group of commands', examples: ['imprint planted good'] });
    addCommand(group, 'good', { summary: 'a command as it should be', examples: ['imprint planted good'] });
    addCommand(group, 'strange', { summary: 'a command with a wrong example', examples: ['imprint planted good'] });
    group.command('bare');
    expect(complaintsAbout(program, '| `planted good` | … |\n| `planted strange` | … |')).toEqual([
      'planted strange has no example that calls it',
      'planted bare has no description in one line without a full stop',
      'planted bare has no example that calls it',
      'planted bare has no --json',
      'planted bare is not in docs/cli.md',
    ]);
  });

  it('with an exception exists', () => {
    const program = createProgram({ terminal: captureTerminal(), signals: new EventEmitter(), status: 0 });
    const names = program.commands.map((command) => command.name());
    expect(Object.keys(exceptions).filter((name) => !names.includes(name))).toEqual([]);
  });
});
