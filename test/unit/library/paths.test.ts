import { describe, expect, it } from 'vitest';
import { fileIn, libraryPaths, ownerOfKey, runKey } from '../../../src/library/paths.ts';

describe('paths of a library', () => {
  const paths = libraryPaths({ root: '/srv/images/' });

  it('are made of the names of images and runs', () => {
    expect(paths.revision({ image: 'web', revision: 3 })).toBe('/srv/images/web-v3');
    expect(paths.staging('captureImage/lab-07/01J8')).toBe('/srv/images/.staging/captureImage+lab-07+01J8');
    expect(paths.job('captureImage/lab-07/01J8', 'copy-vda')).toBe(
      '/srv/images/.jobs/captureImage+lab-07+01J8/copy-vda',
    );
    expect(fileIn('/srv/images/web-v3', 'vda.qcow2')).toBe('/srv/images/web-v3/vda.qcow2');
  });

  it.each(['../etc', '.staging', 'a/b', '', 'web-v3', 'a..b'])('are not made of the image name %j', (image) => {
    expect(() => paths.revision({ image, revision: 1 })).toThrow(/image/);
  });

  it.each(['../manifest.json', 'a/b', '.hidden', ''])('are not made of the file name %j', (file) => {
    expect(() => fileIn('/srv/images/web-v3', file)).toThrow(/file/);
  });

  it('differ for different runs, and are file names whatever the run is called', () => {
    const owners = ['a/b', 'a+b', 'a=2Bb', 'a b', '', '.', '..', 'ä', 'a\nb', 'x'.repeat(181), `${'x'.repeat(181)}y`];
    const keys = owners.map(runKey);
    expect(new Set(keys).size).toBe(owners.length);
    for (const key of keys) {
      expect(key).toMatch(/^[A-Za-z0-9_=+-][A-Za-z0-9._=+-]*$/);
      expect(key.length).toBeLessThan(200);
    }
  });

  it('say which run they were made for, unless its name was shortened', () => {
    for (const owner of ['captureImage/lab-07/01J8', 'a+b', 'a=2Bb', '100 %', 'ä', '.']) {
      expect(ownerOfKey(runKey(owner))).toBe(owner);
    }
    expect(ownerOfKey(runKey('x'.repeat(181)))).toBeUndefined();
    expect(ownerOfKey('no=key')).toBeUndefined();
  });
});
