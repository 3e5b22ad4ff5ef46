import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Computer } from '../../../src/domain/computer.ts';
import { createXcatFixture, xcatComputer, type XcatFixture } from '../../support/xcat-fixture.ts';

let fixture: XcatFixture;
beforeAll(async () => {
  fixture = await createXcatFixture();
});
afterAll(async () => await fixture.close());

const found = async (...computers: readonly Computer[]) => {
  const { provisioner, library, context } = fixture;
  const observe = async () => await Promise.resolve({ ssh: false, reason: 'not asked' });
  return await provisioner.requirements?.({ computers, library, observe }, context);
};

it('finds each client at its own path, and an xcatd that knows the nodes', async () => {
  const all = await found(fixture.source, fixture.target);
  expect(all?.map(({ what }) => what)).toEqual([
    ...['rpower', 'nodestat', 'lsdef', 'chdef', 'rinstall', 'imgcapture'].map(
      (name) => `${fixture.double.root}/bin/${name}`,
    ),
    ...['nodeset', 'packimage'].map((name) => `${fixture.double.root}/sbin/${name}`),
    'xcatd at mn-a',
    'xcatd at mn-a',
  ]);
  expect(all?.filter(({ ok }) => !ok)).toEqual([]);
});

it('says where xCAT is not, and asks it nothing then', async () => {
  const elsewhere = { ...fixture.source, settings: { ...fixture.source.settings, xcatRoot: '/nonexistent/xcat' } };
  const all = await found(elsewhere);
  expect(all).toHaveLength(8);
  for (const one of all ?? []) expect(one).toMatchObject({ ok: false, where: 'host mn-a', found: 'not installed' });
});

it('says that xcatd does not answer, and which node it does not know', async () => {
  expect((await found(xcatComputer(fixture.double, 'stranger')))?.at(-1)).toMatchObject({
    where: 'stranger',
    ok: false,
    remedy: 'define stranger in xCAT, or say in the setting node how xCAT calls it',
  });
  await fixture.double.inject('lsdef', 'daemon-stopped');
  expect((await found(fixture.source))?.at(-1)).toMatchObject({
    ok: false,
    found: expect.stringContaining('Unable to open socket connection to xcatd') as unknown,
  });
  await fixture.double.clear('lsdef');
  // The control: it answers again.
  expect((await found(fixture.source))?.at(-1)).toMatchObject({ ok: true });
});
