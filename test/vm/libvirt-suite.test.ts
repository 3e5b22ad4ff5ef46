import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createLibvirtFixture } from '../support/libvirt-fixture.ts';
import { createLibvirtWorld, type LibvirtWorld } from '../support/libvirt-world.ts';
import { describeProvisioner } from '../support/provisioner-suite.ts';

let world: LibvirtWorld;

beforeAll(async () => {
  world = await createLibvirtWorld();
});
afterAll(async () => world.close());

describeProvisioner('libvirt', async () => {
  await rm(join(world.library.root, 'suite-v1'), { recursive: true, force: true });
  return await createLibvirtFixture(world);
});
