import type { Command } from 'commander';
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { captureTerminal, imprint } from '../../support/captured-terminal.ts';

const groups = [
  'imprint',
  'nodes',
  'images',
  'runs',
  'management-nodes',
  'systems',
  'operating-systems',
  'slots',
  'imaging',
];

function commandsOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
}

const program = createProgram({ terminal: captureTerminal(), signals: new EventEmitter(), status: 0 });
const commands = commandsOf(program)
  .map((command) => ({ path: pathOf(command), command }))
  // Hidden: the scripts of `completion` call it.
  .filter(({ path }) => path !== 'complete');

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the help', () => {
  it('knows the commands that were promised', () => {
    const paths = commands.filter(({ command }) => !groups.includes(command.name())).map(({ path }) => path);
    expect(paths).toEqual([
      ...['capture', 'load', 'status', 'power', 'unload'],
      ...['nodes list', 'nodes show', 'nodes add', 'nodes edit', 'nodes remove', 'nodes release'],
      ...['nodes reserve', 'nodes reclaim'],
      ...['images list', 'images show', 'images import', 'images export'],
      ...['images promote', 'images retire', 'images restore', 'images delete'],
      ...['runs list', 'runs show', 'runs watch', 'runs held', 'runs retry', 'runs skip', 'runs abort', 'runs rescue'],
      ...['runs resume', 'runs power', 'runs move', 'runs pause', 'runs cancel', 'runs export', 'runs replay'],
      ...['management-nodes list', 'management-nodes show', 'management-nodes add', 'management-nodes edit'],
      ...['systems list', 'systems show', 'systems check', 'systems add'],
      ...['operating-systems list', 'operating-systems add'],
      ...['slots list', 'slots controllers', 'slots set', 'doctor'],
      ...['imaging build', 'imaging script'],
      ...['worker', 'up', 'completion'],
    ]);
  });

  it.each(commands)('of "$path" has an example that calls it, and ends with 0', async ({ path }) => {
    const { status, out } = await imprint(...path.split(' ').filter((word) => word !== ''), '--help');
    expect(status).toBe(0);
    const examples = out.split('Examples:\n')[1] ?? '';
    expect(examples).toMatch(new RegExp(`^ {2}\\$ .*imprint ${path}`));
  });

  it('documents the exit statuses', async () => {
    const { out } = await imprint('--help');
    expect(out).toContain('  130  detached by Ctrl-C: the run goes on');
  });
});

describe('wrong arguments', () => {
  it.each([
    [['capture', 'lab-07'], "required option '--image <name>' not specified"],
    [['capture', 'lab-07', '--image', 'web', '--copy-rate', 'fast'], 'expected a size greater than 0'],
    [['capture', 'lab-07', '--image', 'web', '--after', 'nothing'], 'Allowed choices are reload, powerOn, leaveOff'],
    [['power', 'lab-07', 'cycle'], 'Allowed choices are on, off, reset, status'],
    [['nodes', 'add', 'x', '--ssh-port', '70000'], 'expected a whole number from 1 to 65535'],
    [['images', 'retire', 'web'], 'name the revision too, as in web@1'],
    [['fly'], "unknown command 'fly'"],
    [['load', 'lab-07'], "missing required argument 'image'"],
    [['nodes', 'list', 'x'], 'too many arguments'],
  ])('%j end with 2 and say what is wrong', async (args, message) => {
    const { status, out, err } = await imprint(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(message);
  });

  it('are a JSON document where one was asked for', async () => {
    const { status, out } = await imprint('capture', 'lab-07', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ reason: 'InvalidInputError', message: expect.stringContaining('--image') });
  });
});

describe('the configuration', () => {
  it('is asked for when there is none', async () => {
    useNoConfiguration();
    const { status, err } = await imprint('nodes', 'list');
    expect(status).toBe(2);
    expect(err).toMatch(/^imprint: nothing says where the catalog is: set DATABASE_URL, or start .*`imprint up`$/);
  });

  it('of a worker is refused with every problem at once', async () => {
    useNoConfiguration();
    vi.stubEnv('IMPRINT_LIBRARY', 'relative');
    vi.stubEnv('IMPRINT_LONG_SLOTS', '0');
    const { status, err } = await imprint('worker');
    expect(status).toBe(2);
    for (const name of ['DATABASE_URL', 'IMPRINT_MANAGEMENT_NODE', 'IMPRINT_LIBRARY', 'IMPRINT_LONG_SLOTS']) {
      expect(err).toContain(`  ${name}: `);
    }
  });

  it('does not show the password of a database address that is wrong', async () => {
    useNoConfiguration();
    vi.stubEnv('DATABASE_URL', 'mysql://me:secret@db/imprint');
    const { status, err } = await imprint('nodes', 'list');
    expect({ status, leaks: err.includes('secret') }).toEqual({ status: 2, leaks: false });
  });
});

function useNoConfiguration(): void {
  for (const name of ['DATABASE_URL', 'IMPRINT_MANAGEMENT_NODE', 'IMPRINT_LIBRARY']) vi.stubEnv(name, undefined);
  vi.stubEnv('IMPRINT_STATE_DIR', '/nonexistent/imprint');
}
