import type { Catalog, Claimant } from '../../../src/catalog/catalog.ts';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import type { Fence } from '../../../src/domain/fence.ts';
import type { Manifest, Revision, RevisionCopy } from '../../../src/domain/image.ts';
import { testDatabase } from '../../support/postgres.ts';

/** How often two go for the same thing at once. */
export const ROUNDS = 20;

/** A catalog with a management node and two operating systems, and the same catalog once more over connections of its own. */
export interface World {
  readonly databaseUrl: string;
  readonly catalog: Catalog;
  readonly second: Catalog;
  /** Adds a node and returns its name. */
  addNode(): Promise<string>;
  /** A name that no other call gets. */
  fresh(prefix: string): string;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const database = await testDatabase();
  const catalog = await createCatalog(database);
  const second = await createCatalog(database);
  await catalog.managementNodes.register({ name: 'mn-1', address: '192.0.2.1', libraryRoot: '/srv/library' });
  await catalog.operatingSystems.register({ name: 'debian-12', module: 'linux', installType: 'image' });
  await catalog.operatingSystems.register({ name: 'router', installType: 'configuration' });
  let count = 0;
  const fresh = (prefix: string): string => `${prefix}-${String((count += 1))}`;
  return {
    databaseUrl: database.databaseUrl,
    catalog,
    second,
    fresh,
    addNode: async () => (await catalog.computers.add(nodeFacts(fresh('lab')))).name,
    close: async () => {
      await Promise.all([catalog.close(), second.close()]);
      await database.drop();
    },
  };
}

export function nodeFacts(name: string) {
  return {
    name,
    managementNode: 'mn-1',
    provisioningSystem: 'simulated',
    address: '192.0.2.10',
    sshPort: 22,
    macAddresses: ['52:54:00:00:00:01'],
    memoryMiB: 2048,
    cpus: 2,
    settings: { disks: [{ path: '/var/lib/disk.qcow2' }], network: { bridge: 'br0' } },
  };
}

export function claimantOf(node: string, owner: string, attempt = '1/1', execution = 'execution-1'): Claimant {
  return { node, owner, execution, attempt };
}

export function reservation(owner: string, image: string, operatingSystem = 'debian-12') {
  return { owner, image, operatingSystem, comment: 'for the course', author: 'admin' };
}

export function manifestOf(revision: Revision): Manifest {
  return {
    schema: 1,
    image: revision.image,
    revision: revision.revision,
    revisionId: revision.id,
    operatingSystem: revision.operatingSystem,
    disks: [
      {
        name: 'vda',
        file: 'vda.qcow2',
        format: 'qcow2',
        virtualSizeBytes: 2e9,
        sizeBytes: 5e8,
        sha256: 'ab'.repeat(32),
      },
    ],
    source: { provisioningSystem: 'simulated', computer: 'lab-1', run: 'captureImage/lab-1/1' },
    cleanShutdown: { kind: 'clean', reason: 'shutdown', offSince: '2026-01-02T03:04:05.000Z' },
    sealChecks: [{ check: 'machine-id', outcome: 'passed', found: 'uninitialized' }],
    created: '2026-01-02T03:04:06.000Z',
  };
}

export function copyOf(revision: Revision): RevisionCopy {
  const path = `/srv/library/${revision.image}-v${String(revision.revision)}`;
  return { revisionId: revision.id, library: 'mn-1', path, sizeBytes: 500_001_024 };
}

/** Reserves and publishes the next revision of an image. */
export async function publishNext(catalog: Catalog, owner: string, image: string): Promise<Revision> {
  const revision = await catalog.revisions.reserve(reservation(owner, image));
  return await catalog.revisions.publish(owner, revision.id, manifestOf(revision), copyOf(revision));
}

export function olderThan(fence: Fence): Fence {
  return { ...fence, epoch: fence.epoch - 1 };
}

/** What came of several calls that were made at the same moment. */
export interface RaceResult<T> {
  readonly won: readonly T[];
  readonly refused: readonly Error[];
}

export async function race<T>(...calls: readonly (() => Promise<T>)[]): Promise<RaceResult<T>> {
  const results = await Promise.allSettled(calls.map((call) => call()));
  return {
    won: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    refused: results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : [])),
  };
}
