import { describe, expect, it } from 'vitest';
import { errorChain } from '../../../../src/domain/errors.ts';
import type { NodeObservation } from '../../../../src/domain/node-status.ts';
import type { Revision } from '../../../../src/domain/image.ts';
import { createLab } from '../../../../src/provisioners/lab/index.ts';
import { labComputer, labDeps } from '../../../support/lab-fixture.ts';

const lab = createLab(labDeps);
const computer = labComputer('lab-07');
const expected: Revision = {
  id: 7,
  imageId: 3,
  image: 'web',
  revision: 2,
  operatingSystem: 'debian12',
  osModule: 'linux',
  state: 'available',
  comment: '',
  author: 'jane',
  created: '2024-01-01T00:00:00Z',
};

async function statusOf(seen: NodeObservation, reason = 'it answered') {
  const observe = () => Promise.resolve({ ...seen, reason });
  const readImageFile = () => Promise.resolve(undefined);
  const context = {
    signal: new AbortController().signal,
    progress: () => undefined,
    observe,
    readImageFile,
    wordsOf: errorChain,
  };
  return await lab.nodeStatus(computer, expected, context);
}

describe('a lab machine', () => {
  it('is READY when it names what is asked for, POST_LOAD when that was never prepared, and RELOAD for anything else', async () => {
    const asked = { name: 'web-v2', revisionId: 7 };
    expect(await statusOf({ ssh: true, currentImage: { ...asked, postLoad: 'success' } })).toMatchObject({
      status: 'READY',
      ssh: true,
      ping: true,
      currentimage: 'web-v2',
    });
    expect((await statusOf({ ssh: true, currentImage: asked })).status).toBe('POST_LOAD');
    const other = await statusOf({ ssh: true, currentImage: { name: 'web-v1', revisionId: 6, postLoad: 'success' } });
    expect(other).toMatchObject({ status: 'RELOAD', currentimage: 'web-v1' });
    expect(other.reasons['status']).toBe('web-v1 (id 6) is loaded, web-v2 (id 7) is expected');
    expect((await statusOf({ ssh: true })).reasons).toMatchObject({
      status: 'currentimage.txt names no revision',
      currentimage: 'there is no currentimage.txt',
    });
  });

  it('is never said to be off: without SSH nothing else is known of it', async () => {
    const status = await statusOf({ ssh: false }, 'connection refused');
    expect(status).toMatchObject({ status: 'RELOAD', ssh: false });
    expect(status).not.toHaveProperty('rpower');
    expect(status).not.toHaveProperty('ping');
    expect(status.reasons).toMatchObject({
      ssh: 'connection refused',
      currentimage: expect.stringContaining('not read'),
    });
  });

  it('is refused without the host keys of its SSH server, since nothing tells them later', () => {
    const { hostKeys: _, ...keyless } = computer;
    expect(lab.validate(keyless).map(({ where }) => where)).toEqual(['hostKeys']);
    expect(lab.validate({ ...keyless, hostKeys: [] }).map(({ where }) => where)).toEqual(['hostKeys']);
    expect(lab.validate(computer)).toEqual([]);
  });
});
