import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConflictError, InvalidInputError, NotFoundError } from '../../../src/domain/errors.ts';
import type { Revision } from '../../../src/domain/image.ts';
import { claimantOf, nodeFacts, openWorld, publishNext, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A node on which a run has left `revision` loaded. */
async function loadedNode(revision: Revision): Promise<string> {
  const node = await world.addNode();
  const run = claimantOf(node, `loadNode/${node}/1`);
  const fence = await world.catalog.claims.acquire(run, 'loading');
  await world.catalog.computers.recordLoaded(fence, revision.id);
  await world.catalog.claims.release(run, 'available');
  return node;
}

async function epochOfNextClaim(node: string): Promise<number> {
  const run = claimantOf(node, world.fresh('run'));
  const { epoch } = await world.catalog.claims.acquire(run, 'unchanged');
  await world.catalog.claims.release(run, 'previous');
  return epoch;
}

describe('editing a node', () => {
  it('changes what is given and nothing else', async () => {
    const node = await world.addNode();
    const before = await world.catalog.computers.get(node);
    const edited = await world.catalog.computers.edit(node, () => ({ cpus: 8, hostKeys: ['ssh-ed25519 AAAA'] }));
    expect(edited).toEqual({ ...before, cpus: 8, hostKeys: ['ssh-ed25519 AAAA'] });
    expect(await world.catalog.computers.get(node)).toEqual(edited);
  });

  it('writes nothing when the change is refused', async () => {
    const node = await world.addNode();
    const before = await world.catalog.computers.get(node);
    const refusal = new InvalidInputError('settings.uri: expected a URI');
    const edit = world.catalog.computers.edit(node, () => {
      throw refusal;
    });
    await expect(edit).rejects.toBe(refusal);
    await expect(world.catalog.computers.edit(node, () => ({ cpus: 0 }))).rejects.toThrow(InvalidInputError);
    await expect(world.catalog.computers.edit(node, () => ({ managementNode: 'mn-9' }))).rejects.toThrow(NotFoundError);
    expect(await world.catalog.computers.get(node)).toEqual(before);
  });

  it('loses nothing when two edit at once', async () => {
    const node = await world.addNode();
    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.all([
        world.catalog.computers.edit(node, ({ cpus }) => ({ cpus: cpus + 1 })),
        world.second.computers.edit(node, ({ cpus, memoryMiB }) => ({ cpus: cpus + 1, memoryMiB: memoryMiB + 1 })),
      ]);
    }
    const { cpus, memoryMiB } = nodeFacts(node);
    const expected = { cpus: cpus + 2 * ROUNDS, memoryMiB: memoryMiB + ROUNDS };
    expect(await world.catalog.computers.get(node)).toMatchObject(expected);
  });

  it('is refused while a run owns the node, by the name of the run', async () => {
    const node = await world.addNode();
    await world.catalog.claims.acquire(claimantOf(node, 'captureImage/x/1'), 'capturing');
    const edit = world.catalog.computers.edit(node, () => ({ cpus: 8 }));
    await expect(edit).rejects.toThrow(/owned by run captureImage\/x\/1/);
  });

  it('gives it another provisioning system only at rest', async () => {
    const revision = await publishNext(world.catalog, world.fresh('run'), world.fresh('image'));
    const toLibvirt = (node: string) => world.catalog.computers.edit(node, () => ({ provisioningSystem: 'libvirt' }));
    await expect(toLibvirt(await loadedNode(revision))).rejects.toThrow(/something is loaded on it; unload it first/);

    const kept = await world.addNode();
    await world.catalog.setAside.record(kept, revision.id);
    await expect(toLibvirt(kept)).rejects.toThrow(`its disk is the source of ${revision.image}-v1`);

    const given = await world.addNode();
    await world.catalog.computers.changeState(given, ['available'], 'inuse');
    await expect(toLibvirt(given)).rejects.toThrow(/only at rest: it is inuse/);

    const asked = await world.addNode();
    const run = { id: `loadNode/${asked}/1`, procedure: 'loadNode' as const, node: asked, input: { node: asked } };
    await world.catalog.runs.register(run);
    await expect(toLibvirt(asked)).rejects.toThrow(`only at rest: run ${run.id} goes on`);
    // The control: the same run, over.
    await world.catalog.runs.recordOutcome(run.id, 'completed', 'done');
    expect(await toLibvirt(asked)).toMatchObject({ provisioningSystem: 'libvirt' });

    const laidUp = await world.addNode();
    await world.catalog.computers.changeState(laidUp, ['available'], 'maintenance');
    expect(await toLibvirt(laidUp)).toMatchObject({ provisioningSystem: 'libvirt', state: 'maintenance' });
    expect(await toLibvirt(await world.addNode())).toMatchObject({ provisioningSystem: 'libvirt' });
  });

  it('keeps what a system that unloads nothing has left on the machine, while the new one may load it', async () => {
    const revision = await publishNext(world.catalog, world.fresh('run'), world.fresh('image'));
    const { installType } = await world.catalog.operatingSystems.get(revision.operatingSystem);
    const give = async (node: string, provisioningSystem: string) =>
      await world.catalog.computers.edit(
        node,
        () => ({ provisioningSystem }),
        () => false,
      );
    const [able, unable] = [world.fresh('able'), world.fresh('unable')];
    await world.catalog.operatingSystems.allowInstallType(able, installType);
    const kept = await give(await loadedNode(revision), able);
    expect(kept).toMatchObject({ provisioningSystem: able, currentRevisionId: revision.id });
    expect(await give(kept.name, unable)).not.toHaveProperty('currentRevisionId');
  });
});

describe('removing a node', () => {
  it('forgets it and keeps its runs; whoever takes its name goes on with its epochs', async () => {
    const node = await world.addNode();
    const run = { id: `loadNode/${node}/1`, procedure: 'loadNode' as const, node, input: { node } };
    await world.catalog.runs.register(run);
    const epoch = await epochOfNextClaim(node);
    await world.catalog.computers.remove(node);
    await expect(world.catalog.computers.get(node)).rejects.toThrow(NotFoundError);
    expect(await world.catalog.runs.get(run.id)).toMatchObject(run);
    expect(await world.catalog.runs.list({ node, limit: 5 })).toHaveLength(1);

    for (const further of [1, 2]) {
      await world.catalog.computers.add(nodeFacts(node));
      expect(await epochOfNextClaim(node)).toBe(epoch + further);
      await world.catalog.computers.remove(node);
    }
    await expect(world.catalog.computers.remove(node)).rejects.toThrow(NotFoundError);
  });

  it('is refused while something is loaded on it', async () => {
    const revision = await publishNext(world.catalog, world.fresh('run'), world.fresh('image'));
    const remove = world.catalog.computers.remove(await loadedNode(revision));
    await expect(remove).rejects.toThrow(`${revision.image}-v1 is loaded on`);
  });

  it('is refused while its disk is the source of a revision that has not been READY', async () => {
    const revision = await publishNext(world.catalog, world.fresh('run'), world.fresh('image'));
    const node = await world.addNode();
    await world.catalog.setAside.record(node, revision.id);
    await expect(world.catalog.computers.remove(node)).rejects.toThrow(`load ${revision.image}-v1 once before`);
    await world.catalog.revisions.recordReady(revision.id);
    await world.catalog.computers.remove(node);
  });

  it('and a run that claims it at the same moment: one of them is refused', async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const node = await world.addNode();
      const { won, refused } = await race<unknown>(
        () => world.catalog.computers.remove(node),
        () => world.second.claims.acquire(claimantOf(node, 'loadNode/x/1'), 'loading'),
      );
      expect({ won: won.length, refused: refused.length }).toEqual({ won: 1, refused: 1 });
      const claimed = (await world.catalog.claims.find(node)) !== undefined;
      if (claimed) expect(refused[0]?.message).toContain('owned by run loadNode/x/1');
      expect(refused[0]).toBeInstanceOf(claimed ? ConflictError : NotFoundError);
    }
  });
});

describe('management nodes, provisioning systems and operating systems', () => {
  it('are added once', async () => {
    const node = { name: world.fresh('mn'), address: '192.0.2.7', libraryRoot: '/srv/library' };
    expect(await world.catalog.managementNodes.add(node)).toMatchObject(node);
    await expect(world.catalog.managementNodes.add({ ...node, address: '192.0.2.8' })).rejects.toThrow(ConflictError);
    expect(await world.catalog.managementNodes.get(node.name)).toMatchObject(node);

    const os = { name: world.fresh('os'), module: 'linux', installType: 'image' };
    await world.catalog.operatingSystems.add(os);
    await expect(world.catalog.operatingSystems.add({ ...os, module: 'simulated' })).rejects.toThrow(ConflictError);
    expect(await world.catalog.operatingSystems.get(os.name)).toEqual(os);
  });

  it('tell how long ago they checked in, and what drives and loads what', async () => {
    const { name } = await world.catalog.managementNodes.add({
      name: world.fresh('mn'),
      address: '192.0.2.7',
      libraryRoot: '/srv/library',
    });
    expect(await world.catalog.managementNodes.get(name)).not.toHaveProperty('secondsSinceCheckIn');
    await world.catalog.managementNodes.checkIn(name);
    expect((await world.catalog.managementNodes.get(name)).secondsSinceCheckIn).toBeLessThan(60);

    await world.catalog.provisioningSystems.allow(name, 'listed');
    await world.catalog.operatingSystems.allowInstallType('listed', 'image');
    expect(await world.catalog.provisioningSystems.list()).toContainEqual({
      name: 'listed',
      managementNodes: [name],
      priorities: [100],
      installTypes: ['image'],
    });
  });
});
