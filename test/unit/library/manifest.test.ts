import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../../src/domain/errors.ts';
import type { Manifest } from '../../../src/domain/image.ts';
import { formatManifest, parseManifest } from '../../../src/library/manifest.ts';

const manifest: Manifest = {
  schema: 1,
  image: 'web',
  revision: 3,
  revisionId: 12,
  operatingSystem: 'debian-12',
  disks: [
    { name: 'vda', file: 'vda.qcow2', format: 'qcow2', virtualSizeBytes: 9, sizeBytes: 8, sha256: 'a'.repeat(64) },
  ],
  source: { provisioningSystem: 'libvirt', computer: 'lab-07', run: 'captureImage/lab-07/1', definition: '<domain/>' },
  cleanShutdown: { kind: 'clean', reason: 'shutdown', offSince: '2024-01-01T00:00:00Z' },
  sealChecks: [{ check: 'machine-id', outcome: 'passed', found: 'empty' }],
  created: '2024-01-01T00:00:00Z',
};

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(parseManifest(formatManifest(manifest), 'manifest.json')).toEqual(manifest);
  });

  it.each([
    ['a file with path characters', { disks: [{ ...manifest.disks[0], file: '../vda.qcow2' }] }, 'disks.0.file'],
    ['a checksum that is none', { disks: [{ ...manifest.disks[0], sha256: 'A'.repeat(64) }] }, 'disks.0.sha256'],
    ['no disk', { disks: [] }, 'disks'],
    ['another schema', { schema: 2 }, 'schema'],
  ])('is refused with %s, and the place is named', (_what, change, where) => {
    const text = JSON.stringify({ ...manifest, ...change });
    const refused = expect(() => parseManifest(text, '/lib/web-v3/manifest.json'));
    refused.toThrow(IntegrityError);
    refused.toThrow(/\/lib\/web-v3\/manifest\.json/);
    try {
      parseManifest(text, 'm');
    } catch (error) {
      expect(JSON.stringify((error as IntegrityError).evidence)).toContain(where);
    }
  });

  it('is refused when it was cut short', () => {
    expect(() => parseManifest(formatManifest(manifest).slice(0, 90), 'm')).toThrow(/not JSON/);
  });
});
