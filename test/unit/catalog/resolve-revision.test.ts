import { describe, expect, it } from 'vitest';
import type { ImageRow } from '../../../src/catalog/catalog.ts';
import { chooseRevision, noSuchImage } from '../../../src/catalog/resolve-revision.ts';
import type { Revision, RevisionState } from '../../../src/domain/image.ts';

const image: ImageRow = { id: 1_000_000, name: 'web', operatingSystem: 'debian-12' };

function revisionIn(state: RevisionState, revision: number): Revision {
  const facts = { imageId: image.id, image: 'web', operatingSystem: 'debian-12', comment: '', author: '', created: '' };
  return { ...facts, id: revision, revision, state, owner: `run-${String(revision)}` };
}

describe('chooseRevision', () => {
  const revisions = [
    revisionIn('capturing', 4),
    revisionIn('available', 3),
    revisionIn('available', 2),
    revisionIn('retired', 1),
  ];

  it('takes the number that is named before the production revision', () => {
    expect(chooseRevision({ ...image, productionRevision: 2 }, revisions).revision).toBe(2);
    expect(chooseRevision({ ...image, productionRevision: 2 }, revisions, 3).revision).toBe(3);
  });

  it.each([
    [5, 'NotFoundError', 'no revision 5 of image web; it has 3, 2'],
    [4, 'ConflictError', 'revision 4 of image web is still being captured by run run-4'],
    [1, 'ConflictError', 'revision 1 of image web is retired'],
    [undefined, 'ConflictError', 'revision 4 of image web is still being captured by run run-4'],
  ])('without a production revision refuses %s', (number, name, message) => {
    expect(() => chooseRevision(image, revisions, number)).toThrow(expect.objectContaining({ name, message }) as Error);
  });

  it('says that nothing is available', () => {
    expect(() => chooseRevision(image, [], 1)).toThrow('no revision 1 of image web; it has none that is available');
    expect(() => chooseRevision(image, [])).toThrow('image web has no production revision');
  });
});

describe('noSuchImage', () => {
  const many = Array.from({ length: 12 }, (_, index) => `course-${String(index)}`);

  it.each([
    ['web', [], 'it has none yet'],
    ['web', ['demo-web', 'mail'], 'alike: demo-web'],
    ['web-2024', ['web', 'mail'], 'alike: web'],
    ['webb', ['Web', 'mail'], 'alike: Web'],
    ['print', ['mail', 'shell'], 'it has mail, shell'],
    ['print', many, 'it has 12 others'],
    ['course', many, `alike: ${many.slice(0, 8).join(', ')} and 4 more`],
  ])('of %s among %j ends in %s', (name, names, end) => {
    expect(noSuchImage(name, names).message).toBe(`no image "${name}" in the catalog; ${end}`);
  });
});
