import { afterEach, describe, expect, it } from 'vitest';
import { NotFoundError } from '../../../../src/domain/errors.ts';
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
    it('is asked of the machine only while its controller says that it is on', async () => {
      fixture = await createBaremetalFixture();
      let asked = 0;
      const observe = async () => {
        asked += 1;
        return { ssh: true, reason: 'it answered', currentImage: { revisionId: 101, name: 'web-v1', postLoad: 'now' } };
      };
      const status = async () =>
        await fixture.provisioner.nodeStatus(fixture.source, revision, { ...fixture.context, observe, readImageFile });
      expect(await status()).toMatchObject({ nodeset: 'boot', rpower: { value: 'on' }, currentimage: 'web-v1' });
      fixture.machines.set('source', 'off');
      expect(await status()).toMatchObject({ status: 'RELOAD', ssh: false, rpower: { value: 'off' } });
      expect(asked).toBe(1);
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
