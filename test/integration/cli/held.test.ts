import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Hold, HoldRecord } from '../../../src/domain/hold.ts';
import type { Notice } from '../../../src/domain/notice.ts';
import { findTemporalBinary } from '../../../src/platform/temporal-binary.ts';
import { imprint } from '../../support/captured-terminal.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';
import { managementNode, simulatedDisk, startCommandLab, type CommandLab } from './lab.ts';

const available = whyUnavailable('temporal') === undefined && whyUnavailable('postgres') === undefined;
const patience = { timeout: 60_000, interval: 100 };

let lab: CommandLab;
let site: Server;
/** What the site's webhook was told. */
const told: Notice[] = [];

beforeAll(async () => {
  if (!available) return;
  site = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(JSON.parse(body) as Notice);
      response.end();
    });
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const { port } = site.address() as AddressInfo;
  lab = await startCommandLab({ IMPRINT_WEBHOOK_URL: `http://127.0.0.1:${String(port)}/token` });
  await lab.startWorker();
  const base = await lab.write('base.simulated', simulatedDisk('base'));
  expect(await imprint('images', 'import', 'base', base, '--os', 'simulated-os')).toMatchObject({ status: 0 });
});

afterAll(async () => {
  if (!available) return;
  await lab.stop();
  site.close();
});

beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));

/** A capture whose copy takes seconds, asked during a step to wait before the next one; its id, once it waits. */
async function pausedCapture(node: string, during: string): Promise<string> {
  const disk = { name: 'vda', usedBytes: 64 * 1024 ** 2 };
  const settings = { bootSeconds: 0, shutdownSeconds: 0, preCaptureSeconds: 0, copyBytesPerSecond: 8e6, disks: [disk] };
  const file = await lab.write(`${node}.json`, JSON.stringify(settings));
  const where = ['--management-node', managementNode, '--system', 'simulated', '--address', '127.0.0.1'];
  await imprint('nodes', 'add', node, ...where, '--memory', '1G', '--cpus', '2', '--settings', file);
  const { out } = await imprint('capture', node, '--image', `of-${node}`, '--os', 'simulated-os', '--detach');
  const run = out.trim();
  const begun = async () => (await lab.catalog.runs.steps(run)).map(({ number }) => number);
  await vi.waitFor(async () => expect(await begun()).toContain(during), patience);
  const paused = await imprint('runs', 'pause', run, '--by', 'bob', '--reason', 'switch is replaced');
  expect(paused).toMatchObject({ status: 0, out: expect.stringContaining(`imprint runs resume ${run}`) });
  await vi.waitFor(async () => expect((await imprint('runs', 'held')).out).toContain(run), patience);
  return run;
}

/** A capture that was given up behind its seal is taken up by another run, first in words only. */
async function takenUp(run: string, node: string): Promise<void> {
  const [neither, both] = [await imprint('runs', 'replay'), await imprint('runs', 'replay', run, '--local', 'x.json')];
  expect(neither).toMatchObject({ status: 2, err: expect.stringContaining('name either a run') });
  expect(both).toMatchObject({ status: 2, err: expect.stringContaining('name either a run') });
  const beyond = await imprint('runs', 'replay', run, '--from', '8.1');
  expect(beyond).toMatchObject({ status: 2, err: expect.stringContaining('did not reach step 8.1') });
  const words = (await imprint('runs', 'replay', run, '--dry-run')).out;
  expect(words).toContain(`${node} would be captured as of-${node}-v1`);
  expect(words).toMatch(
    new RegExp(`goes on behind step 5\\.3 of run ${run}: ${node} is sealed, and off and untouched`),
  );
  const replayed = await imprint('runs', 'replay', run, '--by', 'dave');
  expect(replayed).toMatchObject({ status: 0, out: expect.stringContaining(`of-${node}-v1 published`) });
}

describe('a run that waits for an operator', () => {
  it('is listed with its reason and answered at the command line', async () => {
    const run = await pausedCapture('held-1', '1');
    const [held] = JSON.parse((await imprint('runs', 'held', '--json')).out) as readonly HoldRecord[];
    expect(held).toMatchObject({ run, kind: 'paused', answers: expect.arrayContaining(['resume', 'abort']) });
    expect((await imprint('runs', 'list')).out).toMatch(new RegExp(`^${run} .* paused `, 'm'));
    expect((await imprint('runs', 'show', run)).out).toContain(`imprint runs resume ${run}`);
    expect(await imprint('runs', 'retry', run)).toMatchObject({ status: 3, err: expect.stringContaining('resume') });
    const other = await imprint('runs', 'resume', run, '--hold', '9#9@x');
    expect(other).toMatchObject({ status: 3, err: expect.stringContaining(held?.id ?? '-') });

    const alone = await imprint('power', 'held-1', 'reset');
    expect(alone).toMatchObject({ status: 3, err: expect.stringContaining(`imprint runs power ${run}`) });
    const unsaid = await imprint('runs', 'power', run, 'off');
    expect(unsaid).toMatchObject({ status: 2, err: expect.stringContaining('--reason') });

    expect(await imprint('runs', 'resume', run, '--by', 'bob')).toMatchObject({ status: 0 });
    expect((await imprint('runs', 'watch', run)).status).toBe(0);
    expect((await imprint('runs', 'held')).out).toContain('no run waits');
    await vi.waitFor(() => {
      const events = told.filter((notice) => notice.run === run).map(({ event }) => event);
      expect(events).toEqual(['held', 'answered', 'ended']);
    }, patience);
  });

  it("is asked, powered and answered with Temporal's own command", async () => {
    const run = await pausedCapture('held-2', '5.5');
    const boots = await imprint('runs', 'power', run, 'on', '--reason', 'is off');
    expect(boots).toMatchObject({ status: 3, err: expect.stringContaining('say rescue instead') });
    const said = await imprint('runs', 'power', run, 'off', '--force', '--reason', 'to be sure', '--by', 'bob');
    expect(said).toMatchObject({ status: 0, out: expect.stringContaining('The node reads off (shutdown)') });
    expect((await imprint('runs', 'show', run)).out).toContain('off --force by bob (to be sure): off (shutdown)');
    const { path } = (await findTemporalBinary(lab.directory)) ?? { path: 'temporal' };
    const place = ['--address', lab.temporal.address, '--workflow-id', run];
    const { stdout } = await execa(path, ['workflow', 'query', ...place, '--type', 'hold', '--output', 'json']);
    const { queryResult } = JSON.parse(stdout) as { readonly queryResult: readonly Hold[] };
    const id = queryResult[0]?.id ?? '';
    const updateOf = (name: string): string[] => ['workflow', 'update', 'execute', ...place, '--name', name, '--input'];
    const power = { hold: id, action: 'off', by: 'carol', reason: 'to be sure' };
    const off = await execa(path, [...updateOf('power'), JSON.stringify(power)]);
    expect(off.stdout).toContain('value:off');
    const update = updateOf('abort');
    const stale = execa(path, [...update, JSON.stringify({ hold: `${id}0`, by: 'carol', reason: '' })]);
    await expect(stale).rejects.toMatchObject({ stderr: expect.stringContaining('is not open') });
    await execa(path, [...update, JSON.stringify({ hold: id, by: 'carol', reason: 'wrong machine' })]);
    const watched = await imprint('runs', 'watch', run);
    expect(watched).toMatchObject({ status: 1 });
    expect(watched.out).toContain(`take it up again:  imprint runs replay ${run}`);
    expect((await imprint('runs', 'show', run)).out).toContain('given up by carol');
    await takenUp(run, 'held-2');
  });
});
