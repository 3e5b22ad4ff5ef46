import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { imprint, startCommand } from '../../support/captured-terminal.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';
import { managementNode, simulatedDisk, startCommandLab, type CommandLab } from './lab.ts';

let lab: CommandLab;

/** What takes time on real machines takes none here, except a copy that a test slows down: a disk holds 64 MiB. */
const quick = {
  bootSeconds: 0,
  shutdownSeconds: 0,
  preCaptureSeconds: 0,
  disks: [{ name: 'vda', usedBytes: 64 * 1024 ** 2 }],
};

const available = whyUnavailable('temporal') === undefined && whyUnavailable('postgres') === undefined;

beforeAll(async () => {
  if (!available) return;
  lab = await startCommandLab();
  await lab.startWorker();
  for (const node of ['cli-1', 'cli-2', 'cli-3']) await addNode(node);
  const file = await lab.write('base.simulated', simulatedDisk('base'));
  expect(await imprint('images', 'import', 'base', file, '--os', 'simulated-os')).toMatchObject({ status: 0 });
});

afterAll(async () => {
  if (available) await lab.stop();
});

function addArguments(node: string): readonly string[] {
  const where = ['--management-node', managementNode, '--system', 'simulated', '--address', '127.0.0.1'];
  return ['nodes', 'add', node, ...where, '--memory', '1G', '--cpus', '2'];
}

async function addNode(node: string, settings: object = {}): Promise<void> {
  const file = await lab.write(`${node}.json`, JSON.stringify({ ...quick, ...settings }));
  expect(await imprint(...addArguments(node), '--settings', file)).toMatchObject({ status: 0, err: '' });
}

/** Records of fences stay beside them. */
async function stagingDirectories(): Promise<readonly string[]> {
  const entries = await readdir(join(lab.directory, 'library', '.staging'), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));

describe('nodes', () => {
  it('are added once, listed and shown', async () => {
    await addNode('listed');
    expect(await imprint(...addArguments('listed'))).toMatchObject({ status: 3 });
    const { out } = await imprint('nodes', 'list');
    expect(out).toMatch(/^NODE +STATE/);
    expect(out).toMatch(/^listed +available +- +simulated +mn-cli +127\.0\.0\.1:22 +-$/m);
    const shown = JSON.parse((await imprint('nodes', 'show', 'listed', '--json')).out);
    expect(shown).toMatchObject({ name: 'listed', memoryMiB: 1024, cpus: 2, settings: quick });
  });

  it('are not added while a setting is wrong; every problem is named with its path', async () => {
    const file = await lab.write('wrong.json', '{"disks": [{"name": "1"}], "bootSeconds": -1}');
    const { status, err } = await imprint(...addArguments('wrong'), '--settings', file);
    expect(status).toBe(2);
    expect(err).toMatch(/settings\.disks.*name: expected a device name/);
    expect(err).toContain('settings.bootSeconds: ');
    expect(await imprint('nodes', 'show', 'wrong')).toMatchObject({ status: 4 });
  });

  it('are given free when a run has left them in maintenance, and not while one owns them', async () => {
    await addNode('left');
    expect((await imprint('nodes', 'release', 'left')).out).toBe('Node left is available already.');
    await lab.catalog.computers.changeState('left', ['available'], 'maintenance');
    const { out } = await imprint('nodes', 'release', 'left', '--reason', 'repaired', '--json');
    expect(JSON.parse(out)).toEqual({ node: 'left', state: 'available', released: true });
    expect((await imprint('nodes', 'show', 'left')).out).toMatch(/^state +available$/m);
    expect(await imprint('nodes', 'release', 'nowhere')).toMatchObject({ status: 4 });
  });

  it('need a known provisioning system, a known management node and settings that are a JSON object', async () => {
    expect(await imprint(...addArguments('x').map((word) => (word === 'simulated' ? 'vmware' : word)))).toMatchObject({
      status: 4,
      err: expect.stringContaining('libvirt'),
    });
    expect(await imprint(...addArguments('x').map((word) => (word === managementNode ? 'mn-z' : word)))).toMatchObject({
      status: 4,
    });
    const list = await lab.write('list.json', '[]');
    expect(await imprint(...addArguments('x'), '--settings', list)).toMatchObject({ status: 2 });
    expect(await imprint(...addArguments('../x'))).toMatchObject({ status: 2 });
  });
});

describe('images', () => {
  it('are imported as further revisions, listed and shown with their copies', async () => {
    const file = await lab.write('twice.simulated', simulatedDisk('twice'));
    for (const revision of [1, 2]) {
      const { out } = await imprint('images', 'import', 'twice', file, '--os', 'simulated-os', '--json');
      expect(JSON.parse(out)).toMatchObject({ image: 'twice', revision, state: 'available' });
    }
    expect((await imprint('images', 'list')).out).toMatch(/^twice +simulated-os +v1 +2 /m);
    const { out } = await imprint('images', 'show', 'twice');
    expect(out).toContain(`${managementNode}:${join(lab.directory, 'library', 'twice-v2')}`);
    expect(await stagingDirectories()).toEqual([]);
  });

  it('mean the revision that was promoted, and a retired one no more', async () => {
    expect(await imprint('images', 'promote', 'twice@2')).toEqual({
      status: 0,
      out: 'twice now means twice@2.',
      err: '',
    });
    expect((await imprint('images', 'list')).out).toMatch(/^twice +simulated-os +v2 +2 /m);
    expect(await imprint('images', 'retire', 'twice@2')).toMatchObject({
      status: 3,
      err: expect.stringContaining('promote'),
    });
    const { out } = await imprint('images', 'retire', 'twice@1', '--json');
    expect(JSON.parse(out)).toMatchObject({ image: 'twice', revision: 1, state: 'retired' });
    expect(await imprint('load', 'cli-1', 'twice@1')).toMatchObject({
      status: 3,
      err: expect.stringContaining('is retired'),
    });
    expect(await imprint('images', 'restore', 'twice@1')).toMatchObject({ status: 0, out: 'twice@1 is available.' });
    expect(await imprint('images', 'retire', 'twice@9')).toMatchObject({ status: 4 });
  });

  it('are exported with their checksums, and imported again from there with what was known of them', async () => {
    const target = join(lab.directory, 'exported');
    const { out } = await imprint('images', 'export', 'twice@2', target, '--json');
    expect(JSON.parse(out)).toMatchObject({ image: 'twice', revision: 2, directory: target });
    expect(await imprint('images', 'export', 'twice', target)).toMatchObject({
      status: 3,
      err: expect.stringContaining('exists'),
    });
    const again = JSON.parse((await imprint('images', 'import', 'again', target, '--json')).out);
    expect(again).toMatchObject({ image: 'again', revision: 1, operatingSystem: 'simulated-os', state: 'available' });
    expect(await imprint('images', 'import', 'again', target, target)).toMatchObject({ status: 2 });
    expect(await imprint('images', 'import', 'again', target, '--os', 'debian12')).toMatchObject({ status: 2 });
    const file = await lab.write('nameless.simulated', simulatedDisk('nameless'));
    expect(await imprint('images', 'import', 'nameless', file)).toMatchObject({
      status: 2,
      err: expect.stringContaining('--os'),
    });
  });

  it('lose a revision by a command that must be told twice, and only one that is retired', async () => {
    expect(await imprint('images', 'delete', 'twice@1', '--yes')).toMatchObject({
      status: 3,
      err: expect.stringContaining('twice@1 is available; retire it first: imprint images retire twice@1'),
    });
    expect(await imprint('images', 'retire', 'twice@1')).toMatchObject({ status: 0 });
    expect(await imprint('images', 'delete', 'twice@1')).toMatchObject({
      status: 2,
      err: expect.stringContaining('Nobody can be asked here: add --yes'),
    });
    const { out } = await imprint('images', 'delete', 'twice@1', '--yes', '--json');
    expect(JSON.parse(out)).toMatchObject({ state: 'completed', result: { image: 'twice', revision: 1 } });
    expect(await readdir(join(lab.directory, 'library'))).not.toContain('twice-v1');
    expect((await imprint('images', 'show', 'twice')).out).toMatch(/^v1 +deleted /m);
  });

  it('leave nothing behind when their import fails', async () => {
    const file = await lab.write('damaged.simulated', 'no disk at all');
    const missing = join(lab.directory, 'missing.simulated');
    expect(await imprint('images', 'import', 'failing', missing, '--os', 'simulated-os')).toMatchObject({ status: 4 });
    expect(await imprint('images', 'import', 'failing', file, '--os', 'simulated-os')).toMatchObject({ status: 1 });
    expect(await imprint('images', 'show', 'failing')).toMatchObject({ status: 4 });
    expect(await stagingDirectories()).toEqual([]);
  });

  it('whose import was cut are taken up again under the same revision', async () => {
    const reservation = { image: 'cut', operatingSystem: 'simulated-os', comment: '', author: 'somebody' };
    const cut = await lab.catalog.revisions.reserve({ ...reservation, owner: 'importImage/cut/after-v0' });
    const file = await lab.write('cut.simulated', simulatedDisk('cut'));
    const { out } = await imprint('images', 'import', 'cut', file, '--os', 'simulated-os', '--json');
    expect(JSON.parse(out)).toMatchObject({ id: cut.id, revision: 1, state: 'available' });
  });

  it('are not imported while another run makes a revision of them', async () => {
    const reservation = { image: 'busy', operatingSystem: 'simulated-os', comment: '', author: 'somebody' };
    await lab.catalog.revisions.reserve({ ...reservation, owner: 'captureImage/other/run' });
    const file = await lab.write('busy.simulated', simulatedDisk('busy'));
    const { status, err } = await imprint('images', 'import', 'busy', file, '--os', 'simulated-os');
    expect(status).toBe(3);
    expect(err).toContain('captureImage/other/run');
  });

  it('keep the OS module that their operating system was registered with', async () => {
    const file = await lab.write('other.simulated', simulatedDisk('other'));
    const args = ['images', 'import', 'other', file, '--os', 'simulated-os', '--os-module', 'linux'];
    expect(await imprint(...args)).toMatchObject({ status: 2, err: expect.stringContaining('OS module simulated') });
    const unknown = await imprint('images', 'import', 'other', file, '--os', 'new-os', '--os-module', 'cpm');
    expect(unknown.status).toBe(2);
    expect((await lab.catalog.operatingSystems.list()).map(({ name }) => name)).not.toContain('new-os');
  });
});

describe('a node’s way from an image to a new one', () => {
  it('is loaded, read, captured and shown', async () => {
    const load = await imprint('load', 'cli-1', 'base');
    expect(load).toMatchObject({ status: 0, err: '' });
    expect(load.out).toMatch(/^Load base onto cli-1 \(run loadNode\/cli-1\/[0-9A-Z]{26}\)$/m);
    expect(load.out).toMatch(
      /✔ base-v1 is READY on cli-1\n {2}http:\/\/ui\.test:8233\/namespaces\/default\/workflows\/loadNode%2Fcli-1/,
    );
    expect((await imprint('status', 'cli-1')).out).toMatch(/^cli-1: READY, base-v1/);
    expect((await imprint('power', 'cli-1', 'status')).out).toMatch(/^cli-1: on/);

    const capture = await imprint('capture', 'cli-1', '--image', 'web', '--comment', 'first', '--json');
    expect(capture).toMatchObject({ status: 0, err: '' });
    const document = JSON.parse(capture.out) as { readonly run: string };
    expect(document).toMatchObject({ state: 'completed', result: { image: 'web', revision: 1 } });
    expect((await imprint('power', 'cli-1', 'status', '--json')).out).toContain('"value": "off"');

    const shown = await imprint('runs', 'show', document.run);
    expect(shown.out).toMatch(/^state +completed$/m);
    expect(shown.out).toMatch(/^7\.2 +Make web-v1 available\n +done, begun /m);
    expect(
      (await imprint('runs', 'list', '--node', 'cli-1', '--state', 'completed', '--limit', '1')).out.split('\n'),
    ).toHaveLength(2);
  });

  it('can be previewed without being touched', async () => {
    expect(await imprint('load', 'cli-2', 'base')).toMatchObject({ status: 0 });
    const runs = await lab.catalog.runs.list({ node: 'cli-2', limit: 100 });
    const { status, out } = await imprint('capture', 'cli-2', '--image', 'previewed', '--dry-run');
    expect(status).toBe(0);
    expect(out).toContain('cli-2 would be captured as previewed-v1');
    expect(out).toMatch(/Copy vda of cli-2/);
    expect(await lab.catalog.revisions.findImage('previewed')).toBeUndefined();
    expect(await lab.catalog.claims.find('cli-2')).toBeUndefined();
    expect(await lab.catalog.runs.list({ node: 'cli-2', limit: 100 })).toEqual(runs);
    expect((await imprint('power', 'cli-2', 'status')).out).toMatch(/^cli-2: on/);
  });

  it('has a preview that says what stands in its way', async () => {
    await addNode('huge', { bytesNeeded: 1024 ** 5 });
    const { status, out } = await imprint(
      'capture',
      'huge',
      '--image',
      'huge',
      '--os',
      'simulated-os',
      '--dry-run',
      '--json',
    );
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      check: { problems: [{ where: 'library', problem: expect.stringContaining('too full') }] },
    });
  });
});

describe('a run that goes on', () => {
  /** The copy lasts long enough for all that must happen meanwhile, also on a busy machine. */
  const slow = ['--copy-rate', '4M', '--os', 'simulated-os'];

  it('is left alone by Ctrl-C, refuses others its node, and can be watched again', async () => {
    const command = startCommand(['capture', 'cli-3', '--image', 'slow', '--request-key', 'slow-1', ...slow]);
    await vi.waitFor(() => expect(command.terminal.out.join('\n')).toContain('Copy vda of cli-3'), { timeout: 60_000 });
    command.interrupt();
    const { status, out } = await command.outcome;
    expect(status).toBe(130);
    expect(out).toContain('imprint runs watch captureImage/cli-3/slow-1');
    expect(out).toContain('imprint runs cancel captureImage/cli-3/slow-1');

    const other = await imprint('capture', 'cli-3', '--image', 'other', '--os', 'simulated-os', '--json');
    expect(other.status).toBe(3);
    expect(JSON.parse(other.out)).toMatchObject({
      reason: 'ConflictError',
      evidence: { owner: 'captureImage/cli-3/slow-1' },
    });
    const otherwise = await imprint('capture', 'cli-3', '--image', 'other', '--request-key', 'slow-1', ...slow);
    expect(otherwise).toMatchObject({ status: 3, err: expect.stringContaining('was asked for something else') });
    const preview = await imprint('capture', 'cli-3', '--image', 'slow', '--os', 'simulated-os', '--dry-run');
    expect(preview).toMatchObject({ status: 1, out: expect.stringContaining('run captureImage/cli-3/slow-1 owns it') });

    const again = await imprint('capture', 'cli-3', '--image', 'slow', '--request-key', 'slow-1', '--detach', ...slow);
    expect(again).toMatchObject({ status: 0, out: 'captureImage/cli-3/slow-1' });
    const watched = await imprint('runs', 'watch', 'captureImage/cli-3/slow-1');
    expect(watched).toMatchObject({ status: 0, out: expect.stringContaining('✔ slow-v1 published') });
  });

  it('stops when it is cancelled, once', async () => {
    await addNode('cancelled');
    const { out: id } = await imprint('capture', 'cancelled', '--image', 'gone', '--detach', ...slow);
    expect(await imprint('runs', 'cancel', id)).toMatchObject({ status: 0 });
    const watched = await imprint('runs', 'watch', id);
    expect(watched).toMatchObject({ status: 1, err: `imprint: run ${id} was cancelled` });
    expect(await imprint('runs', 'cancel', id)).toMatchObject({
      status: 3,
      err: expect.stringContaining('is over: cancelled'),
    });
    expect((await imprint('runs', 'list', '--state', 'cancelled')).out).toContain(id);
  });

  it('that Temporal terminated is shown as such, though the catalog was not told', async () => {
    await addNode('terminated');
    const { out: id } = await imprint('capture', 'terminated', '--image', 'cut-off', '--detach', ...slow);
    await vi.waitFor(async () => expect((await lab.catalog.claims.find('terminated'))?.owner).toBe(id), 30_000);
    const connection = await Connection.connect({ address: lab.temporal.address });
    await new Client({ connection }).workflow.getHandle(id).terminate('by a test');
    await connection.close();
    expect((await imprint('runs', 'list', '--node', 'terminated')).out).toMatch(/ terminated /);
    expect((await imprint('runs', 'show', id)).out).toMatch(/^state +terminated$/m);
    expect(await imprint('runs', 'watch', id)).toMatchObject({ status: 1 });
    const released = await imprint('nodes', 'release', 'terminated', '--reason', 'looked at it', '--by', 'somebody');
    expect(released).toMatchObject({ status: 0, err: '', out: expect.stringContaining('✔ terminated is available') });
    expect(await lab.catalog.nodeReleases.list('terminated')).toMatchObject([{ by: 'somebody', takenFrom: id }]);
  });
});

describe('what cannot be', () => {
  it('a run that fails ends with 1 and says why', async () => {
    const file = await lab.write('lost.simulated', simulatedDisk('lost'));
    expect(await imprint('images', 'import', 'lost', file, '--os', 'simulated-os')).toMatchObject({ status: 0 });
    await rm(join(lab.directory, 'library', 'lost-v1', 'vda.simulated'), { force: true });
    await addNode('unlucky');
    const { status, out } = await imprint('load', 'unlucky', 'lost', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      error: 'RunFailedError',
      message: expect.stringContaining('vda.simulated'),
    });
  });

  it.each([
    [['status', 'nowhere'], 4],
    [['load', 'cli-1', 'nothing'], 4],
    [['load', 'cli-1', 'base@99'], 4],
    [['load', 'cli-1', 'base@0'], 2],
    [['load', 'cli-1', '../etc'], 2],
    [['load', 'a/b', 'base'], 2],
    [['capture', 'cli-1', '--image', 'web-v3'], 2],
    [['capture', 'cli-1', '--image', 'base', '--request-key', 'a/b'], 2],
    [['runs', 'show', 'nothing'], 4],
    [['runs', 'watch', 'nothing'], 4],
    [['runs', 'cancel', 'nothing'], 4],
    [['images', 'show', 'nothing'], 4],
    [['nodes', 'show', 'nothing'], 4],
  ])('%j ends with %i, and starts nothing', async (args, status) => {
    const before = await lab.catalog.runs.list({ limit: 1 });
    expect(await imprint(...args)).toMatchObject({ status, out: '', err: expect.stringMatching(/^imprint: /) });
    expect(await lab.catalog.runs.list({ limit: 1 })).toEqual(before);
  });

  it('a database or a Temporal server that is not there ends with 5 and is named', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://nobody:secret@127.0.0.1:1/none');
    const database = await imprint('nodes', 'list');
    expect(database).toMatchObject({ status: 5, err: expect.stringContaining('ECONNREFUSED 127.0.0.1:1') });
    expect(database.err).not.toContain('secret');
    vi.unstubAllEnvs();
    vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
    const temporal = await imprint('status', 'cli-1');
    expect(temporal).toMatchObject({ status: 5, err: expect.stringContaining('connect to Temporal at 127.0.0.1:1') });
    vi.unstubAllEnvs();
  });
});
