import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import { imprint } from '../../support/captured-terminal.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { claimantOf, publishNext } from '../catalog/world.ts';

let database: TestDatabase;
let catalog: Catalog;
let directory: string;

beforeAll(async () => {
  database = await testDatabase();
  vi.stubEnv('DATABASE_URL', database.databaseUrl);
  catalog = await createCatalog(database);
  directory = await mkdtemp(join(tmpdir(), 'imprint-facts-'));
  const library = ['--address', '192.0.2.1', '--library', '/srv/imprint'];
  expect(await imprint('management-nodes', 'add', 'mn-a', ...library)).toMatchObject({ status: 0 });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await catalog.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function addNode(name: string): Promise<void> {
  const where = ['--management-node', 'mn-a', '--system', 'simulated', '--address', '127.0.0.1'];
  const added = await imprint('nodes', 'add', name, ...where, '--memory', '1G', '--cpus', '2');
  expect(added).toMatchObject({ status: 0, err: '' });
}

async function shown(node: string): Promise<unknown> {
  return JSON.parse((await imprint('nodes', 'show', node, '--json')).out);
}

async function write(name: string, content: unknown): Promise<string> {
  await writeFile(join(directory, name), JSON.stringify(content));
  return join(directory, name);
}

describe('nodes edit', () => {
  it('changes only what is given', async () => {
    await addNode('edited');
    const before = await shown('edited');
    const { status, out } = await imprint('nodes', 'edit', 'edited', '--memory', '4G', '--mac', '52:54:00:AA:00:01');
    expect({ status, out }).toEqual({ status: 0, out: 'Changed edited: macAddresses, memoryMiB.' });
    expect(await shown('edited')).toEqual({
      ...(before as object),
      memoryMiB: 4096,
      macAddresses: ['52:54:00:aa:00:01'],
    });
  });

  it('writes nothing when a setting is wrong for the system that the node would have', async () => {
    await addNode('unchanged');
    const before = await shown('unchanged');
    const wrong = await write('wrong.json', { bootSeconds: -1 });
    const cpus = ['nodes', 'edit', 'unchanged', '--cpus', '16'];
    for (const edit of [
      ['--settings', wrong],
      ['--settings', join(directory, 'none')],
      ['--system', 'libvirt'],
    ]) {
      expect({ edit, ...(await imprint(...cpus, ...edit)) }).toMatchObject({ edit, status: 2 });
    }
    expect(await shown('unchanged')).toEqual(before);
    // The same without what is wrong.
    expect(await imprint(...cpus)).toMatchObject({ status: 0 });
  });

  it('needs an option, a node that exists and a system that has a module', async () => {
    await addNode('asked');
    expect(await imprint('nodes', 'edit', 'asked')).toMatchObject({
      status: 2,
      err: expect.stringContaining('nothing is to change'),
    });
    expect(await imprint('nodes', 'edit', 'nowhere', '--cpus', '1')).toMatchObject({ status: 4 });
    expect(await imprint('nodes', 'edit', 'asked', '--system', 'vmware')).toMatchObject({ status: 4 });
    expect(await imprint('nodes', 'edit', 'asked', '--management-node', 'mn-z')).toMatchObject({ status: 4 });
  });

  it('and nodes remove are refused while a run owns the node, by its name', async () => {
    await addNode('owned');
    await catalog.claims.acquire(claimantOf('owned', 'captureImage/owned/monday'), 'capturing');
    const refused = { status: 3, err: expect.stringContaining('owned by run captureImage/owned/monday') };
    expect(await imprint('nodes', 'edit', 'owned', '--cpus', '1')).toMatchObject(refused);
    expect(await imprint('nodes', 'remove', 'owned')).toMatchObject(refused);
  });
});

describe('nodes remove', () => {
  it('forgets the node and keeps its runs', async () => {
    await addNode('gone');
    await catalog.runs.register({
      id: 'loadNode/gone/1',
      procedure: 'loadNode',
      node: 'gone',
      input: { node: 'gone' },
    });
    expect(await imprint('nodes', 'remove', 'gone', '--json')).toMatchObject({ status: 0, err: '' });
    expect(await imprint('nodes', 'show', 'gone')).toMatchObject({ status: 4 });
    expect(await catalog.runs.get('loadNode/gone/1')).toMatchObject({ node: 'gone' });
  });

  it('says what to do first where the disk of the node must be kept, or something is loaded on it', async () => {
    expect(await imprint('operating-systems', 'add', 'debian-12')).toMatchObject({ status: 0 });
    const revision = await publishNext(catalog, 'captureImage/source/1', 'web');
    await addNode('source');
    await catalog.setAside.record('source', revision.id);
    expect(await imprint('nodes', 'remove', 'source')).toMatchObject({
      status: 3,
      err: expect.stringContaining('load web-v1 once before you remove source'),
    });

    await addNode('loaded');
    const run = claimantOf('loaded', 'loadNode/loaded/1');
    await catalog.computers.recordLoaded(await catalog.claims.acquire(run, 'loading'), revision.id);
    await catalog.claims.release(run, 'available');
    expect(await imprint('nodes', 'remove', 'loaded')).toMatchObject({
      status: 3,
      err: expect.stringContaining('unload it before you remove loaded'),
    });
  });
});

describe('management-nodes', () => {
  it('are added once, and listed and shown with whether their worker is there', async () => {
    const again = ['management-nodes', 'add', 'mn-a', '--address', '192.0.2.2', '--library', '/srv/other'];
    expect(await imprint(...again)).toMatchObject({ status: 3 });
    expect(await imprint('management-nodes', 'add', 'mn-b', '--address', 'b', '--library', 'srv')).toMatchObject({
      status: 2,
    });
    expect((await imprint('management-nodes', 'list')).out).toMatch(/^mn-a +never seen +192\.0\.2\.1 +\/srv\/imprint/m);
    await catalog.managementNodes.checkIn('mn-a');
    expect((await imprint('management-nodes', 'list')).out).toMatch(/^mn-a +here, /m);

    await addNode('reached');
    const { out } = await imprint('management-nodes', 'show', 'mn-a', '--json');
    expect(JSON.parse(out)).toMatchObject({ name: 'mn-a', fresh: true, nodes: expect.arrayContaining(['reached']) });
    expect(await imprint('management-nodes', 'show', 'mn-z')).toMatchObject({ status: 4 });
  });
});

describe('who may drive a node', () => {
  it('is given with nodes edit and systems add, and shown with the node, the system and the management node', async () => {
    const added = ['management-nodes', 'add', 'mn-spare', '--address', 'spare', '--library', '/srv/imprint'];
    expect(await imprint(...added)).toMatchObject({ status: 0 });
    await addNode('spared');
    expect(await imprint('nodes', 'edit', 'spared', '--also-reached-by', 'mn-z')).toMatchObject({ status: 4 });
    expect(await imprint('nodes', 'edit', 'spared', '--also-reached-by', 'mn-a')).toMatchObject({ status: 2 });
    expect(await imprint('nodes', 'edit', 'spared', '--also-reached-by', 'mn-spare')).toMatchObject({ status: 0 });
    const drive = ['systems', 'add', 'simulated', '--management-node', 'mn-spare', '--priority'];
    expect(await imprint(...drive, '0')).toMatchObject({ status: 2 });
    expect(await imprint(...drive, '20')).toMatchObject({ status: 0 });
    expect(await imprint('systems', 'add', 'simulated', '--priority', '20')).toMatchObject({ status: 2 });

    expect((await imprint('nodes', 'show', 'spared')).out).toMatch(/^also reached by +mn-spare$/m);
    expect((await imprint('systems', 'show', 'simulated')).out).toMatch(/^management nodes +mn-spare \(20\)/m);
    expect((await imprint('management-nodes', 'show', 'mn-spare')).out).toMatch(/^also reaches +spared$/m);

    expect(await imprint('nodes', 'edit', 'spared', '--reached-by-no-other')).toMatchObject({ status: 0 });
    expect((await imprint('management-nodes', 'show', 'mn-spare')).out).toMatch(/^also reaches +-$/m);
  });
});

describe('systems and operating-systems', () => {
  it('say what each system can do, who drives it, and what it loads', async () => {
    const add = ['systems', 'add', 'libvirt', '--management-node', 'mn-a', '--install-type', 'image'];
    for (const time of ['first', 'again']) expect({ time, ...(await imprint(...add)) }).toMatchObject({ status: 0 });
    expect((await imprint('systems', 'list')).out).toMatch(
      /^libvirt +sealed +yes +yes +yes +yes +learned +mn-a +image +right$/m,
    );
    expect((await imprint('operating-systems', 'add', 'debian13', '--system', 'simulated')).status).toBe(0);
    const { out } = await imprint('systems', 'show', 'libvirt', '--json');
    expect(JSON.parse(out)).toMatchObject({
      can: { capture: true, load: true, power: true, status: true },
      operatingSystems: expect.arrayContaining(['debian13']),
    });
    const listed = (await imprint('operating-systems', 'list')).out;
    expect(listed).toMatch(/^debian13 +linux +image +libvirt, simulated$/m);
  });

  it('are refused, and nothing is recorded, where a name is unknown or taken', async () => {
    const before = await catalog.provisioningSystems.list();
    const refusals: readonly (readonly [readonly string[], number])[] = [
      [['systems', 'add', 'libvirt'], 2],
      [['systems', 'add', 'vmware', '--management-node', 'mn-a'], 4],
      [['systems', 'add', 'simulated', '--management-node', 'mn-a', '--management-node', 'mn-z'], 4],
      [['systems', 'show', 'vmware'], 4],
      [['operating-systems', 'add', 'new', '--module', 'cpm'], 2],
      [['operating-systems', 'add', 'new', '--system', 'vmware'], 4],
      [['operating-systems', 'add', 'a/b'], 2],
    ];
    for (const [args, status] of refusals) {
      expect({ args, ...(await imprint(...args)) }).toMatchObject({ status, err: expect.stringMatching(/^imprint: /) });
    }
    expect(await catalog.provisioningSystems.list()).toEqual(before);
    expect((await catalog.operatingSystems.list()).map(({ name }) => name)).not.toContain('new');

    const frr = ['operating-systems', 'add', 'frr', '--module', 'none', '--install-type', 'configuration'];
    expect(await imprint(...frr)).toMatchObject({ status: 0 });
    expect(await imprint(...frr)).toMatchObject({ status: 3 });
    expect(await catalog.operatingSystems.get('frr')).toEqual({ name: 'frr', installType: 'configuration' });
  });
});
