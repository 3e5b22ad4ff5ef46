import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LoadRequest } from '../../src/provisioners/provisioner.ts';
import { need } from '../../src/provisioners/provisioner.ts';
import {
  act,
  createLibvirtWorld,
  imageDisk,
  type LibvirtWorld,
  newFence,
  revisionOf,
} from '../support/libvirt-world.ts';
import { makeTinyDisk } from '../support/tiny-guest.ts';

let world: LibvirtWorld;

beforeAll(async () => {
  world = await createLibvirtWorld();
  const image = join(world.library.root, 'tiny-v1');
  await mkdir(image, { recursive: true });
  await makeTinyDisk(join(image, 'vda.qcow2'), 'hello from tiny-v1', Buffer.from('payload of vda'));
  await makeTinyDisk(join(image, 'vdb.qcow2'), 'second disk', Buffer.from('payload of vdb'));
});
afterAll(async () => world.close());

async function tinyImage() {
  const path = join(world.library.root, 'tiny-v1');
  return { path, disks: [await imageDisk(path, 'vda'), await imageDisk(path, 'vdb')] };
}

describe('libvirt', () => {
  it('loads, captures and loads again', async () => {
    const computer = world.computer('lab-01');
    const loading = need(world.provisioner, 'loading');
    const { path, disks } = await tinyImage();
    const revision = revisionOf('tiny', 1, disks);
    const request: LoadRequest = {
      computer,
      revision,
      copy: { revisionId: revision.id, library: 'mn-test', path, sizeBytes: 1 },
      fence: newFence(computer, 'loadNode'),
      library: world.library,
      keepOutgoing: false,
    };
    expect(await loading.check(request, world.context)).toEqual([]);
    const plan = await loading.plan(request, world.context);
    for (const step of plan) {
      const evidence = await act(loading.steps, request, step, world.context);
      console.log(step.id, JSON.stringify(evidence));
    }
    await vi.waitFor(
      async () =>
        expect(await world.provisioner.consoleText?.(computer, world.context)).toContain('hello from tiny-v1'),
      { timeout: 20_000 },
    );

    const capturing = need(world.provisioner, 'capturing');
    const fence = newFence(computer, 'captureImage');
    const capture = {
      computer,
      revision: { ...revisionOf('tiny', 2, []) },
      fence,
      library: world.library,
      staging: join(world.library.root, '.staging', 'run1'),
      allowForcedOff: false,
      shutdownSeconds: 30,
    };
    console.log(await capturing.check(capture, world.context));
    for (const step of await capturing.plan(capture, world.context)) {
      const evidence = await act(capturing.steps, capture, step, world.context);
      console.log(step.id, step.title, JSON.stringify(evidence));
    }
    console.log(await capturing.staged(capture, world.context), world.progress);
  });
});
