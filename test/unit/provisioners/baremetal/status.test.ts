import { afterEach, describe, expect, it } from 'vitest';
import { NotFoundError, UnauthorizedError, errorChain, type ImprintError } from '../../../../src/domain/errors.ts';
import type { Revision } from '../../../../src/domain/image.ts';
import { bareComputer, createBaremetalFixture, type BaremetalFixture } from '../../../support/baremetal-fixture.ts';

const revision: Revision = {
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
};

const readImageFile = () => Promise.resolve(undefined);

describe('a machine of bare metal', () => {
  let fixture: BaremetalFixture;
  afterEach(() => fixture.close());

  describe('status', () => {
    it('is asked of the machine unless its controller says that it is off', async () => {
      fixture = await createBaremetalFixture();
      let asked = 0;
      const observe = async () => {
        asked += 1;
        return { ssh: true, reason: 'it answered', currentImage: { revisionId: 101, name: 'web-v1', postLoad: 'now' } };
      };
      const status = async () =>
        await fixture.provisioner.nodeStatus(fixture.source, revision, {
          ...fixture.context,
          observe,
          readImageFile,
          wordsOf: errorChain,
        });
      expect(await status()).toMatchObject({ nodeset: 'boot', rpower: { value: 'on' }, currentimage: 'web-v1' });
      fixture.machines.set('source', 'off');
      expect(await status()).toMatchObject({ status: 'RELOAD', ssh: false, rpower: { value: 'off' } });
      expect(asked).toBe(1);
      // A controller that does not know whether it is on says nothing against what the machine answers.
      const read = async () => ({ value: 'unknown' as const, raw: 'null', at: '2026-11-30T00:00:00Z' });
      Object.assign(fixture.machines.power, { read });
      expect(await status()).toMatchObject({ ssh: true, rpower: { value: 'unknown' }, currentimage: 'web-v1' });
    });

    it('asks a controller that refuses the password once, and throws that where a run waits', async () => {
      fixture = await createBaremetalFixture();
      let asked = 0;
      const refused = async () => {
        asked += 1;
        throw new UnauthorizedError('the controller refuses the password');
      };
      Object.assign(fixture.machines.power, { read: refused, readBootTarget: refused });
      const observe = async () => ({ ssh: true, reason: 'it answered' });
      const status = async (wordsOf: (error: ImprintError) => string) =>
        await fixture.provisioner.nodeStatus(fixture.source, revision, {
          ...fixture.context,
          observe,
          readImageFile,
          wordsOf,
        });
      expect((await status(errorChain)).reasons).toMatchObject({
        rpower: 'not read: the controller refuses the password',
        nodeset: 'not read: the controller refuses the password',
      });
      expect(asked).toBe(1);
      const thrown = status((error) => {
        throw error;
      });
      await expect(thrown).rejects.toThrow(UnauthorizedError);
    });

    it('leaves out what a controller that does not answer would have told', async () => {
      fixture = await createBaremetalFixture();
      const gone = async () => {
        throw new NotFoundError('find the secret bmc');
      };
      Object.assign(fixture.machines.power, { read: gone, readBootTarget: gone });
      const observe = async () => ({ ssh: false, reason: 'nothing answers' });
      const status = await fixture.provisioner.nodeStatus(fixture.source, revision, {
        ...fixture.context,
        observe,
        readImageFile,
        wordsOf: errorChain,
      });
      expect(status.rpower).toBeUndefined();
      expect(status.nodeset).toBeUndefined();
      expect(status.reasons['rpower']).toBe('not read: find the secret bmc');
    });
  });

  it('knows what is wrong with settings before anything is touched', async () => {
    fixture = await createBaremetalFixture();
    const problems = (change: object) =>
      fixture.provisioner
        .validate({ ...fixture.source, ...change })
        .map(({ where, problem }) => `${where}: ${problem}`)
        .join('; ');
    expect(problems({})).toBe('');
    expect(problems({ macAddresses: ['52:54'] })).toMatch(/expected 52:54:00:12:34:56, found 52:54/);
    expect(problems({ settings: { power: { kind: 'wake-on-lan' } } })).toMatch(/expected ipmi or redfish/);
    const disks = [{ name: 'sda' }, { name: 'sda' }];
    expect(problems(bareComputer('source', 1, { disks }))).toMatch(/settings\.disks: expected each name once/);
    expect(problems(bareComputer('source', 1, { disks: [{ name: '/dev/sda' }] }))).toMatch(/a name of the kernel/);
  });
});
