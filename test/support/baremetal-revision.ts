import type { Manifest, Revision } from '../../src/domain/image.ts';

const manifest: Manifest = {
  schema: 1,
  image: 'web',
  revision: 1,
  revisionId: 101,
  operatingSystem: 'debian12',
  disks: [
    { name: 'sda', file: 'sda.chunks', format: 'chunks', virtualSizeBytes: 131_072, sizeBytes: 900, sha256: 'aa' },
  ],
  source: {
    provisioningSystem: 'baremetal',
    computer: 'source',
    run: 'captureImage/source/1',
    definition: '{"bootMode":"bios"}',
  },
  cleanShutdown: { kind: 'clean' },
  sealChecks: [],
  created: '2024-01-01T00:00:00Z',
};
/** A revision of a bare machine with one disk. */
export const revision: Revision = {
  id: 101,
  imageId: 100,
  image: 'web',
  revision: 1,
  operatingSystem: 'debian12',
  osModule: 'linux',
  state: 'available',
  comment: '',
  author: 'test',
  created: '2024-01-01T00:00:00Z',
  manifest,
};

/** Without its OS module. */
export function without(from: Revision, key: 'osModule'): Revision {
  const { [key]: _gone, ...rest } = from;
  return rest;
}

export function withDisk(change: object): Revision {
  return { ...revision, manifest: { ...manifest, disks: [{ ...manifest.disks[0]!, ...change }] } };
}

export function withSecondDisk(): Revision {
  const second = { ...manifest.disks[0]!, name: 'sdb', file: 'sdb.chunks' };
  return { ...revision, manifest: { ...manifest, disks: [...manifest.disks, second] } };
}
