import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, publishNext, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('management nodes', () => {
  it('are made or changed by registering, and say when they checked in last', async () => {
    const { managementNodes } = world.catalog;
    const made = await managementNodes.register({ name: 'mn-2', address: '192.0.2.2', libraryRoot: '/srv/a' });
    expect(made).not.toHaveProperty('lastCheckIn');
    await managementNodes.checkIn('mn-2');
    const changed = await managementNodes.register({ name: 'mn-2', address: '192.0.2.3', libraryRoot: '/srv/b' });
    const checkedIn = { lastCheckIn: expect.stringMatching(/Z$/), secondsSinceCheckIn: expect.any(Number) };
    expect(changed).toEqual({ ...made, address: '192.0.2.3', libraryRoot: '/srv/b', ...checkedIn });
    expect(await managementNodes.get('mn-2')).toEqual({ ...changed, secondsSinceCheckIn: expect.any(Number) });
    expect((await managementNodes.list()).map((node) => node.name)).toEqual(['mn-1', 'mn-2']);
  });

  it('that are not there are named', async () => {
    const expected = { name: 'NotFoundError', message: 'no management node "mn-9" in the catalog' };
    await expect(world.catalog.managementNodes.get('mn-9')).rejects.toMatchObject(expected);
    await expect(world.catalog.managementNodes.checkIn('mn-9')).rejects.toMatchObject(expected);
    await expect(world.catalog.provisioningSystems.allow('mn-9', 'libvirt')).rejects.toMatchObject(expected);
  });

  it('have a library with an absolute path', async () => {
    const registering = world.catalog.managementNodes.register({ name: 'mn-3', address: '', libraryRoot: 'library' });
    await expect(registering).rejects.toMatchObject({ name: 'InvalidInputError' });
  });

  it('drive the provisioning systems that were recorded, once each', async () => {
    for (const system of ['simulated', 'libvirt', 'libvirt']) {
      await world.catalog.provisioningSystems.allow('mn-1', system);
    }
    expect(await world.catalog.provisioningSystems.drivenBy('mn-1')).toEqual(['libvirt', 'simulated']);
    expect(await world.catalog.provisioningSystems.drivenBy('mn-9')).toEqual([]);
  });
});

describe('operating systems', () => {
  it('are read as they were registered last', async () => {
    const { operatingSystems } = world.catalog;
    expect(await operatingSystems.get('router')).toEqual({ name: 'router', installType: 'configuration' });
    await operatingSystems.register({ name: 'bsd', module: 'linux', installType: 'image' });
    await operatingSystems.register({ name: 'bsd', installType: 'partition' });
    expect(await operatingSystems.get('bsd')).toEqual({ name: 'bsd', installType: 'partition' });
    expect((await operatingSystems.list()).map((os) => os.name)).toEqual(['bsd', 'debian-12', 'router']);
    await expect(operatingSystems.get('plan9')).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  it('can be loaded by the systems that load their install type', async () => {
    const { operatingSystems } = world.catalog;
    await operatingSystems.allowInstallType('libvirt', 'image');
    await operatingSystems.allowInstallType('libvirt', 'image');
    expect(await operatingSystems.isLoadable('libvirt', 'debian-12')).toBe(true);
    expect(await operatingSystems.isLoadable('libvirt', 'router')).toBe(false);
    expect(await operatingSystems.isLoadable('frr', 'router')).toBe(false);
  });
});

describe('copies', () => {
  const verified = {
    at: '2026-01-02T03:04:05.678Z',
    files: [
      { file: 'vda.qcow2', sizeBytes: 5e8, inode: '4711', modified: '1767323045.123456789', changed: '1767323046.0' },
    ],
  };

  it('keep what their files looked like at the last full check', async () => {
    const { id } = await publishNext(world.catalog, world.fresh('run'), world.fresh('web'));
    await world.catalog.copies.recordVerified(id, 'mn-1', verified);
    expect(await world.catalog.copies.find(id, 'mn-1')).toMatchObject({ revisionId: id, library: 'mn-1', verified });
    expect(await world.catalog.copies.find(id, 'mn-9')).toBeUndefined();
  });

  it('that are not there are named', async () => {
    await expect(world.catalog.copies.recordVerified(7, 'mn-1', verified)).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'the copy of revision 7 in library mn-1 is not in the catalog',
    });
  });
});

describe('a disk that was set aside', () => {
  it('is kept until the revision has been READY once', async () => {
    const { setAside, revisions } = world.catalog;
    const node = await world.addNode();
    const { id } = await publishNext(world.catalog, world.fresh('run'), world.fresh('web'));
    expect(await setAside.isKept(node)).toBe(false);
    await setAside.record(node, id);
    await setAside.record(node, id);
    expect([await setAside.isKept(node), await setAside.releasable(id)]).toEqual([true, []]);
    await revisions.recordReady(id);
    expect([await setAside.isKept(node), await setAside.releasable(id)]).toEqual([false, [node]]);
    await setAside.remove(node, id);
    await setAside.remove(node, id);
    expect(await setAside.releasable(id)).toEqual([]);
  });

  it('of a node that is not there is refused', async () => {
    await expect(world.catalog.setAside.record('lab-0', 7)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
