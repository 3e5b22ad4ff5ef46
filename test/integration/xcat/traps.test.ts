import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ConflictError,
  InvalidInputError,
  CommandFailedError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../../../src/domain/errors.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { parseAnswer, wordOf } from '../../../src/remote/xcat/answer.ts';
import { createXcat, type Xcat } from '../../../src/remote/xcat/client.ts';
import { xcatFailure } from '../../../src/remote/xcat/failure.ts';
import { LOCKED_COMMAND } from '../../../src/remote/xcat/scripts.ts';
import { createXcatDouble, type XcatDouble } from '../../../src/demo/xcat-double/index.ts';

const { signal } = new AbortController();
const call = { signal };
const patience = { timeout: 20_000, interval: 20 };

describe("the traps of xCAT's clients", () => {
  let double: XcatDouble;
  let xcat: Xcat;
  let [n1, n2] = ['', ''];
  beforeEach(async () => {
    double = await createXcatDouble();
    [n1, n2] = [double.node('n1'), double.node('n2')];
    for (const node of [n1, n2]) await double.addNode(node, { power: 'off' });
    await double.addImage('deb12');
    await double.delay('farewell', 0.1);
    xcat = createXcat(placeOf());
  });
  afterEach(() => double.close());

  const placeOf = (shell = createLocalShell()) => ({
    shell,
    root: double.root,
    lockDirectory: join(double.root, 'locks'),
  });
  const power = async (node = n1) => await double.fact(node, 'power');
  /** A command as a person types it, without what Imprint puts around it. */
  const bare = (file: string, ...args: string[]) =>
    spawn(join(double.root, file), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const plain = async (file: string, ...args: string[]) =>
    await execa(join(double.root, file), args, { reject: false, stdin: 'ignore' });
  const untilServed = async (verb: string) =>
    await vi.waitFor(async () => {
      const { stdout } = await execa('ps', ['-eo', 'args=']);
      const served = stdout
        .split('\n')
        .filter((line) => line.startsWith(`xcatd SSL: ${verb} to `) && line.includes(double.root));
      expect(served).not.toEqual([]);
    }, patience);

  it('1: a client that is asked to end leaves with 0, and that is no success', async () => {
    await double.delay('rpower', 30);
    const child = bare('bin/rpower', n1, 'on');
    await untilServed('rpower');
    child.kill('SIGTERM');
    const [exitCode] = (await once(child, 'exit')) as [number];
    // The control: by its status it had succeeded.
    expect(exitCode).toBe(0);
    expect(await power()).toBe('off');
    const result = { command: `rpower ${n1} on`, exitCode, stdout: '', stderr: '' };
    expect(xcatFailure({ verb: 'rpower', node: n1, manner: 'acts' }, result)).toBeInstanceOf(OutcomeUnknownError);
  });

  it('1, 11: the time limit is our own, on the host, and its end is no answer', async () => {
    await double.delay('rpower', 30);
    const own = [
      join(double.root, 'locks', `${n1}.lock`),
      '10',
      '1',
      n1,
      'acts',
      '',
      '',
      join(double.root, 'bin/rpower'),
    ];
    const ended = await execa('sh', ['-c', LOCKED_COMMAND, 'x', ...own, n1, 'on'], { reject: false });
    expect(ended.exitCode).toBe(124);
    expect(await power()).toBe('off');
    const result = { command: 'rpower', exitCode: 124, stdout: '', stderr: '' };
    expect(xcatFailure({ verb: 'rpower', node: n1, manner: 'acts' }, result)).toBeInstanceOf(OutcomeUnknownError);
    expect(xcatFailure({ verb: 'rpower', node: n1, manner: 'reads' }, result)).toBeInstanceOf(UnavailableError);
  });

  it('2: what xcatd does for a client that was killed is waited for before anything else is done', async () => {
    await double.delay('rpower', 2);
    const child = bare('bin/rpower', n1, 'on');
    await untilServed('rpower');
    child.kill('SIGKILL');
    await expect(xcat.setBootTarget(n1, 'boot', call)).rejects.toMatchObject({
      name: 'UnavailableError',
      cause: { message: `imprint: xcatd still works: rpower to ${n1}` },
    });
    expect(await double.commands()).toEqual([`rpower ${n1} on`]);
    // It took effect all the same.
    await vi.waitFor(async () => expect(await power()).toBe('on'), patience);
    // The control: another node is not kept waiting, and neither is this one afterwards.
    await double.delay('rpower', 0);
    await vi.waitFor(
      async () => expect(await xcat.setBootTarget(n1, 'boot', call)).toMatchObject({ state: 'boot' }),
      patience,
    );
  });

  it('3: a command that runs while the listener is killed still answers, new ones are tried again', async () => {
    await double.delay('rpower', 1);
    const running = xcat.power(n1, 'on', call);
    await untilServed('rpower');
    await double.inject(`rpower.${n2}`, 'daemon-stopped');
    const refused = xcat.powerWord(n2, call);
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toMatchObject({ retryable: true });
    expect(await running).toBe('on');
  });

  it('4: the status is that of all nodes together, so each command is about one, and must say something of it', async () => {
    await double.set(n2, 'bmc', 'down');
    const both = await plain('bin/rpower', `${n1},${n2}`, 'stat');
    // The control: by its status nothing is known of n1.
    expect(both.exitCode).toBe(1);
    expect(wordOf(parseAnswer(both), n1)).toBe('off');
    expect(wordOf(parseAnswer(both), n2)).toBeUndefined();
    expect(await xcat.powerWord(n1, call)).toBe('off');
    await expect(xcat.powerWord(n2, call)).rejects.toThrow(UnavailableError);
    await expect(xcat.power(n2, 'on', call)).rejects.toThrow(OutcomeUnknownError);

    await double.inject(`rpower.${n1}`, 'silent', 2);
    await expect(xcat.powerWord(n1, call)).rejects.toThrow(UnavailableError);
    await expect(xcat.power(n1, 'on', call)).rejects.toThrow(OutcomeUnknownError);
    expect(await power()).toBe('off');
  });

  it('1, 4: chdef and lsdef that print nothing of the node have done and read nothing', async () => {
    await double.inject(`lsdef.${n1}`, 'silent', 1);
    await expect(xcat.attributes(n1, ['mgt'], call)).rejects.toThrow(UnavailableError);
    await double.inject(`chdef.${n1}`, 'silent', 1);
    await expect(xcat.setAttributes(n1, { profile: 'web-v1' }, call)).rejects.toThrow(OutcomeUnknownError);
    expect(await double.fact(n1, 'profile')).toBe('compute');
    // The control: by its status it had succeeded.
    await double.inject('chdef', 'silent', 1);
    expect(await plain('bin/chdef', n1, 'profile=web-v1')).toMatchObject({ exitCode: 0, stdout: '' });
    await xcat.setAttributes(n1, { profile: 'web-v1' }, call);
    expect(await xcat.attributes(n1, ['profile', 'serialport'], call)).toEqual({ profile: 'web-v1', serialport: '' });
  });

  it('5: errors on the standard output are errors, warnings on the standard error are none', async () => {
    await double.inject('rpower', 'usage', 1);
    await expect(xcat.power(n1, 'on', call)).rejects.toThrow(InvalidInputError);
    expect(await xcat.setBootTarget(n1, 'osimage=deb12', call)).toMatchObject({ state: 'netboot' });
    const set = await plain('sbin/nodeset', n1, 'osimage=deb12');
    // The control: there is a warning.
    expect(set).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Warning: [vm]: rcons may not work') });
  });

  it('6: neither the order of nodes nor the source in a line changes what is read', async () => {
    await double.set(n2, 'power', 'on');
    await double.inject('rpower', 'reversed', 1);
    const reversed = await plain('bin/rpower', `${n1},${n2}`, 'stat');
    // The control: the first line is not that of the first node.
    expect(reversed.stdout).toBe(`${n2}: on\n${n1}: off`);
    expect(wordOf(parseAnswer(reversed), n1)).toBe('off');
    await double.inject('rpower', 'verbose', 1);
    expect(await xcat.powerWord(n1, call)).toBe('off');
  });

  it('7: a failure that names no node is a failure, with its text', async () => {
    await double.inject('rpower', 'badcode', 1);
    const failed = xcat.power(n1, 'on', call);
    await expect(failed).rejects.toThrow(CommandFailedError);
    await expect(failed).rejects.toMatchObject({ cause: { message: 'BADCODE: [vm]: Error: Not present' } });
  });

  it('8: a client gets no standard input, on which it could hang', async () => {
    await double.inject('rpower', 'reads-input', 2);
    expect(await xcat.powerWord(n1, call)).toBe('off');
    // The control: with one that stays open it does hang.
    const hanging = spawn(join(double.root, 'bin/rpower'), [n1, 'stat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await vi.waitFor(async () => expect(await double.commands()).toHaveLength(2), patience);
    expect(hanging.exitCode).toBeNull();
    hanging.stdin.end();
    expect(await once(hanging, 'exit')).toEqual([0, null]);
  });

  it('9: nothing is printed before the end', async () => {
    await double.set(n1, 'power', 'on');
    await double.delay('imgcapture', 0.5);
    const child = bare('bin/imgcapture', n1, '-t', 'diskless', '-o', 'deb12');
    const blocks: string[] = [];
    child.stdout.on('data', (data: Buffer) => blocks.push(data.toString()));
    await untilServed('imgcapture');
    expect(blocks).toEqual([]);
    await once(child, 'close');
    expect(blocks.join('')).toMatch(/^Capturing image on n1-\w+\.\.\.\n[^]*Done\.\n$/);
  });

  it("12: xcatd is not bypassed, also where the account's own environment says so", async () => {
    const bypassing = createLocalShell({ environment: { XCATBYPASS: '1' } });
    expect(await createXcat(placeOf(bypassing)).powerWord(n1, call)).toBe('off');
    const bypassed = async () => await readFile(double.state('bypassed'), 'utf8').catch(() => '');
    expect(await bypassed()).toBe('');
    // The control: the same without our script.
    await bypassing.run(join(double.root, 'bin/rpower'), [n1, 'stat'], { signal, timeoutMs: 20_000 });
    expect(await bypassed()).toBe('rpower\n');
  });

  it('lets one command at a time near a node, from several processes, and others near other nodes', async () => {
    const other = createXcat(placeOf(createLocalShell()));
    await Promise.all([
      xcat.setBootTarget(n1, 'osimage=deb12', call),
      other.setBootTarget(n1, 'boot', call),
      xcat.power(n1, 'on', call),
      other.powerWord(n1, call),
      other.stage(n1, call),
      xcat.attributes(n1, ['mgt'], call),
    ]);
    expect(await double.overlaps()).toEqual([]);
    // The control: typed by hand they meet.
    await double.delay('nodeset', 0.3);
    const answers = await Promise.all([plain('sbin/nodeset', n1, 'boot'), plain('sbin/nodeset', n1, 'osimage=deb12')]);
    expect(answers.map(({ stderr }) => stderr).join('')).toContain(
      'OS image name must be specified in nodetype.provmethod',
    );
    expect(await double.overlaps()).not.toEqual([]);
  });

  it('tries again when the daemon is stopped, and never when permission is denied', async () => {
    for (const fault of ['daemon-stopped', 'bad-hostname'] as const) {
      await double.inject('rpower', fault, 1);
      await expect(xcat.power(n1, 'on', call)).rejects.toMatchObject({ name: 'UnavailableError', retryable: true });
    }
    for (const fault of ['denied', 'no-certificates'] as const) {
      await double.inject('rpower', fault, 1);
      await expect(xcat.power(n1, 'on', call)).rejects.toThrow(UnauthorizedError);
    }
    for (const bmc of ['password', 'user']) {
      await double.set(n1, 'bmc', bmc);
      await expect(xcat.powerWord(n1, call)).rejects.toMatchObject({ name: 'UnauthorizedError', retryable: false });
    }
  });

  it('counts a line of success for nothing where the status says that it failed', async () => {
    await double.inject('nodeset', 'dhcp', 1);
    await expect(xcat.setBootTarget(n1, 'offline', call)).rejects.toThrow(UnavailableError);
    // The control: the line was there, and it was done.
    expect(await double.fact(n1, 'boot')).toBe('offline');
  });

  it('refuses to act for a run that a later attempt has taken over from, and lets it read', async () => {
    const fence = (epoch: number) => ({ node: n1, owner: 'captureImage/n1/a', epoch });
    await xcat.power(n1, 'on', { signal, fence: fence(7) });
    await expect(xcat.power(n1, 'off', { signal, fence: fence(6) })).rejects.toThrow(ConflictError);
    expect(await power()).toBe('on');
    expect(await xcat.powerWord(n1, { signal, fence: fence(6) })).toBe('on');
    await xcat.power(n1, 'off', { signal, fence: fence(8) });
    expect(await power()).toBe('off');
  });

  it('calls the clients by their absolute path, and says so when one is missing', async () => {
    const elsewhere = createXcat({ ...placeOf(), root: join(double.root, 'elsewhere') });
    await mkdir(join(double.root, 'elsewhere'));
    await writeFile(join(double.root, 'elsewhere', 'nothing'), '');
    await expect(elsewhere.powerWord(n1, call)).rejects.toThrow(InvalidInputError);
    expect(await readdir(join(double.root, 'bin'))).toContain('rpower');
  });
});
