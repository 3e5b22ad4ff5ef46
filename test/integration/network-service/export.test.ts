import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import { loadWorkerConfig } from '../../../src/config.ts';
import type { Manifest, Revision } from '../../../src/domain/image.ts';
import { exportImage } from '../../../src/library/export-image.ts';
import { importImage } from '../../../src/library/import-image.ts';
import { importImageHere } from '../../../src/worker/image-import.ts';
import {
  createServiceHost,
  ruleSet,
  serviceComputer,
  startFilter,
  type Filter,
  type ServiceHost,
} from '../../support/network-service-fixture.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let host: ServiceHost;
let database: TestDatabase;
let catalog: Catalog;
let source: Filter;
let target: Filter;

const isHere = (whyUnavailable('networkService') ?? whyUnavailable('postgres')) === undefined;
beforeAll(async () => {
  if (!isHere) return;
  [host, database, source, target] = await Promise.all([
    createServiceHost(),
    testDatabase(),
    startFilter(ruleSet),
    startFilter('table ip other { }'),
  ]);
  catalog = await createCatalog(database);
});
beforeEach((context) => skipWithout(context, 'networkService', 'postgres'));
afterAll(async () => {
  if (!isHere) return;
  await Promise.all([source.close(), target.close(), host.remove(), catalog.close()]);
  await database.drop();
});

const fence = (owner: string) => ({ node: '', owner, epoch: 1 });

/** The rule set of the source, as a capture publishes it in the first library. */
async function publish(): Promise<{ readonly manifest: Manifest; readonly path: string }> {
  const path = join(host.root, 'captured.nft');
  await writeFile(path, await source.nft(['-s', 'list', 'ruleset']));
  const revision: Revision = {
    ...{ id: 7, imageId: 3, image: 'edge', revision: 1, operatingSystem: 'nftables', state: 'capturing' },
    ...{ comment: '', author: 'ann', created: '2024-01-01T00:00:00Z' },
  };
  const definition = '{"service":"nftables","parts":["inet filter","ip nat"],"traits":{}}\n';
  const facts = {
    imageClass: 'service',
    source: { provisioningSystem: 'network-service', computer: 'fw-1', definition },
    cleanShutdown: { kind: 'none' },
    sealChecks: [],
  } as const;
  const files = [{ path, format: 'configuration', name: 'nftables' }] as const;
  const request = { fence: fence('captureImage/fw-1/1'), revision, files, facts };
  const { manifest, copy } = await importImage(host.library, host.jobs, request, host.context);
  return { manifest, path: copy.path };
}

async function exported(name: string, { manifest, path }: Awaited<ReturnType<typeof publish>>): Promise<string> {
  const directory = join(host.root, name);
  const known = { ...manifest, catalog: { comment: 'for the course', author: 'ann' } };
  const copy = { revisionId: 7, library: host.library.name, path, sizeBytes: 1 };
  const request = { manifest: known, copy, directory, fence: fence(`exportImage/edge-v1/${name}`) };
  await exportImage(host.library, host.jobs, request, host.context);
  return directory;
}

/** Another installation: a catalog and a library of its own. */
async function imported(directory: string): Promise<Revision> {
  const config = loadWorkerConfig({
    DATABASE_URL: database.databaseUrl,
    IMPRINT_MANAGEMENT_NODE: 'mn-b',
    IMPRINT_LIBRARY: join(host.root, 'library-b'),
  });
  return await importImageHere(config, catalog, { image: 'edge', from: { directory }, author: 'bob' }, host.context);
}

it('takes a configuration to another library, byte by byte, where network-service alone loads it', async () => {
  const original = await publish();
  const directory = await exported('out', original);

  const damaged = await exported('damaged', original);
  await appendFile(join(damaged, original.manifest.disks[0]!.file), '# and more\n');
  // The control: what is not what was exported is refused, and leaves nothing behind.
  await expect(imported(damaged)).rejects.toMatchObject({ name: 'IntegrityError' });
  expect(await catalog.revisions.findImage('edge')).toBeUndefined();

  const revision = await imported(directory);
  expect(revision).toMatchObject({
    image: 'edge',
    revision: 1,
    state: 'available',
    comment: 'for the course',
    author: 'bob',
  });
  expect(revision.osModule).toBeUndefined();
  const { disks, imageClass, source: from, origin } = revision.manifest!;
  expect(disks).toEqual(original.manifest.disks);
  expect({ imageClass, definition: from.definition, origin: origin?.revisionId }).toEqual({
    imageClass: 'service',
    definition: original.manifest.source.definition,
    origin: 7,
  });
  const [copy] = await catalog.copies.list(revision.id);
  const file = disks[0]!.file;
  expect(await readFile(join(copy!.path, file), 'utf8')).toBe(await readFile(join(original.path, file), 'utf8'));
  const systems = ['network-service', 'lab', 'libvirt'];
  const loads = await Promise.all(
    systems.map(async (one) => await catalog.operatingSystems.isLoadable(one, 'nftables')),
  );
  expect(loads).toEqual([true, false, false]);
});

it('loads what came from the other library', async () => {
  const { provisioner, context, stateDirectory } = host;
  const revision = await catalog.revisions.resolve({ image: 'edge' });
  const [copy] = await catalog.copies.list(revision.id);
  const settings = {
    service: 'nftables',
    namespace: target.namespace,
    file: join(host.root, 'nft.conf'),
    stateDirectory,
  };
  const request = {
    ...{ computer: serviceComputer('fw-2', settings), revision, copy: copy!, keepOutgoing: false },
    fence: { node: 'fw-2', owner: 'loadNode/fw-2/1', epoch: 1 },
    library: { ...host.library, name: 'mn-b', root: join(host.root, 'library-b') },
  };
  const { check, plan, steps } = provisioner.loading!;
  expect(await check(request, context)).toEqual([]);
  for (const step of await plan(request, context)) await steps[step.kind]!.act(request, step, context);
  expect(await target.nft(['-s', 'list', 'ruleset'])).toBe(await source.nft(['-s', 'list', 'ruleset']));
});
