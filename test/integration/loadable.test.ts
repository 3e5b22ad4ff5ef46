import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type ImprintClient } from '../../src/client.ts';
import { InvalidInputError } from '../../src/domain/errors.ts';
import { openWorld, publishNext, type World } from './catalog/world.ts';

/** Nobody listens there: what gets as far as Temporal fails for that. */
const nowhere = { address: '127.0.0.1:1' };

let world: World;
let client: ImprintClient;
beforeAll(async () => {
  world = await openWorld();
  client = createClient(new Client({ connection: Connection.lazy(nowhere) }), world.catalog);
});
afterAll(async () => await world.close());

/** A node whose system loads nothing yet, and an image that it might be loaded with. */
async function unloadable() {
  const image = world.fresh('image');
  const { operatingSystem } = await publishNext(world.catalog, world.fresh('run'), image);
  const { installType } = await world.catalog.operatingSystems.get(operatingSystem);
  const [node, system] = [await world.addNode(), world.fresh('system')];
  await world.catalog.computers.edit(node, () => ({ provisioningSystem: system }));
  const allow = async (name: string): Promise<void> =>
    await world.catalog.operatingSystems.allowInstallType(name, installType);
  return { image, node, system, operatingSystem, allow };
}

async function refusalOf(start: Promise<unknown>): Promise<string | undefined> {
  const error = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof InvalidInputError ? error.message : undefined;
}

describe('before a run starts', () => {
  it('a load is refused that its system may not load, and nothing is recorded', async () => {
    const { image, node, system, operatingSystem, allow } = await unloadable();
    const load = { node, image };
    expect(await refusalOf(client.startLoad(load))).toBe(
      `${system}, which drives ${node}, cannot load ${operatingSystem}`,
    );
    expect(await world.catalog.runs.list({ node, limit: 5 })).toEqual([]);
    // The control: once the system may, the same request gets as far as Temporal.
    await allow(system);
    expect(await refusalOf(client.startLoad(load))).toBeUndefined();
    expect(await world.catalog.runs.list({ node, limit: 5 })).toHaveLength(1);
  });

  it('a capture is refused that would reload its node with what the system may not load', async () => {
    const { image, node, system, operatingSystem, allow } = await unloadable();
    await allow(world.fresh('other'));
    const capture = { node, image, after: 'reload' } as const;
    expect(await refusalOf(client.startCapture(capture))).toContain(`${system}, which drives ${node}, cannot load`);
    expect(await refusalOf(client.startCapture({ ...capture, after: 'leaveOff' }))).toBeUndefined();
    expect(operatingSystem).not.toBe('');
  });

  it('a capture is refused of what no system may load, with the command that says otherwise', async () => {
    const os = { name: world.fresh('os'), installType: world.fresh('type') };
    await world.catalog.operatingSystems.add(os);
    const node = await world.addNode();
    const capture = { node, image: world.fresh('image'), operatingSystem: os.name };
    const { provisioningSystem } = await world.catalog.computers.get(node);
    expect(await refusalOf(client.startCapture(capture))).toContain(
      `imprint systems add ${provisioningSystem} --install-type ${os.installType}`,
    );
    await world.catalog.operatingSystems.allowInstallType(provisioningSystem, os.installType);
    expect(await refusalOf(client.startCapture(capture))).toBeUndefined();
  });
});
