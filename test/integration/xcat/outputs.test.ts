import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createXcatDouble, type XcatDouble } from '../../../src/demo/xcat-double/index.ts';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { recorded } from '../../support/recorded.ts';
import { xcatExcerpts, xcatOutputs, type XcatOutput } from '../../support/xcat-outputs.ts';

const fixtures = join(packageRoot(), 'test/fixtures/output/xcat');
const recordedOf = ({ fixture, exitCode }: XcatOutput) => {
  const output = (kind: string): string =>
    existsSync(join(fixtures, `${fixture}.${kind}`)) ? recorded(`xcat/${fixture}.${kind}`) : '';
  return { stdout: output('out'), stderr: output('err'), exitCode };
};

describe('what the double prints', () => {
  let double: XcatDouble;
  beforeEach(async () => {
    double = await createXcatDouble();
  });
  afterEach(() => double.close());

  /** Nodes of the record have other names in the double, since xcatd's processes of all doubles are on one host. */
  const inDouble = (text: string): string => text.replaceAll(/\bn\d\b/g, (name) => double.node(name));

  const arrange = async ({ command, given }: XcatOutput): Promise<void> => {
    const named = command.join(' ').match(/\bn[1-3]\b/g) ?? [];
    for (const node of new Set([...named, ...Object.keys(given.nodes ?? {})])) {
      await double.addNode(inDouble(node), given.nodes?.[node]);
    }
    await double.addImage('deb12', given.image);
    if (given.fault !== undefined) await double.inject(command[0] ?? '', given.fault);
    if (given.busy !== undefined) await mkdir(double.state(`running/${inDouble(given.busy)}`), { recursive: true });
  };

  /** Names and directories are those of the record again. */
  const asRecorded = (printed: string): string =>
    printed
      .replaceAll(join(double.root, 'install/deb12'), '/install/netboot/debian12/x86_64/compute')
      .replaceAll(new RegExp(`${double.state('tmp')}/xcat_imgcapture\\.\\d+`, 'g'), '/tmp/xcat_imgcapture.4711')
      .replaceAll(double.node(''), '');

  const printedFor = async (row: XcatOutput) => {
    await arrange(row);
    const [verb = '', ...args] = row.command;
    const folder = ['nodeset', 'tabdump'].includes(verb) ? 'sbin' : 'bin';
    const options = { reject: false, stdin: 'ignore', stripFinalNewline: false } as const;
    const { stdout, stderr, exitCode } = await execa(join(double.root, folder, verb), args.map(inDouble), options);
    return { stdout: asRecorded(stdout), stderr: asRecorded(stderr), exitCode };
  };

  it.each(xcatOutputs.map((row) => [row.command.join(' '), row.given, row.fixture, row] as const))(
    'for %s, given %j, is what was recorded as %s',
    async (_command, _given, _fixture, row) => {
      expect(await printedFor(row)).toEqual(recordedOf(row));
    },
  );

  it.each(xcatExcerpts.map((row) => [row.command.join(' '), row.fixture, row] as const))(
    'for %s has the lines that were recorded as %s',
    async (_command, _fixture, row) => {
      const { stdout, exitCode } = await printedFor(row);
      const { stdout: lines, exitCode: recordedCode } = recordedOf(row);
      expect(stdout.split('\n')).toEqual(expect.arrayContaining(lines.split('\n')));
      expect(exitCode).toBe(recordedCode);
    },
  );

  it.each([
    ['standard output', 'rpower-on', { fixture: 'rpower-off' }],
    ['standard error', 'bmc-timeout', { fixture: 'bmc-user' }],
    ['status', 'rpower-on', { exitCode: 1 }],
  ])('is seen to differ from a row with another %s', async (_what, fixture, wrong) => {
    const right = xcatOutputs.find((row) => row.fixture === fixture)!;
    const printed = await printedFor(right);
    expect(printed).toEqual(recordedOf(right));
    expect(printed).not.toEqual(recordedOf({ ...right, ...wrong }));
  });
});

it('has a row for each file that was recorded', () => {
  const names = readdirSync(fixtures).map((file) => file.replace(/\.(out|err)$/, ''));
  const rows = [...xcatOutputs, ...xcatExcerpts].map(({ fixture }) => fixture);
  // Printed by ClusterShell's program of the same name.
  const ofOthers = ['nodeset-clustershell'];
  expect(new Set([...rows, ...ofOthers])).toEqual(new Set(names));
});
