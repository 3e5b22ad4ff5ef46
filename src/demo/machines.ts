import { buildGuestImage } from '../platform/guest-image.ts';
import { findAccelerator } from '../platform/kvm.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { writeSecrets, writeSimulatedSecrets } from './directories.ts';
import type { DemoParts } from './parts.ts';
import { createRealParts } from './real-parts.ts';
import { register } from './register.ts';
import { createSimulatedParts } from './simulated-parts.ts';
import { tellStory, type Outcome } from './story.ts';

/** Two real virtual machines that Imprint defines, boots, captures and loads. */
export const libvirtDemo: DemoSystem = {
  summary: 'two real virtual machines, Debian 12; the worker is killed in the middle of the copy',
  libvirt: true,
  packages: ['vm', 'sealCheck', 'ssh'],
  tell: async (scene) => await tellOn(scene, await makeRealParts(scene)),
};

/** The same story in a simulated world, in which no virtual machine is needed. */
export const simulatedDemo: DemoSystem = {
  summary: 'the same story in a simulated world, without virtual machines',
  libvirt: false,
  packages: [],
  tell: async (scene) => {
    await writeSimulatedSecrets(scene.directories);
    return await tellOn(scene, await createSimulatedParts(scene.client.catalog, scene.directories));
  },
};

async function tellOn(scene: DemoScene, parts: DemoParts): Promise<Outcome> {
  const { client, say, keep } = scene;
  say(`   ${parts.introduction}`);
  try {
    await register(client.catalog, parts, { ...scene.environment, ...parts.workerEnvironment }, say);
    const startWorker = async () => await scene.startWorker(parts.workerEnvironment);
    return await tellStory({ client, parts, say, keepWorker: keep, startWorker });
  } finally {
    await parts.close();
  }
}

async function makeRealParts({ client, platform, directories, reporter }: DemoScene): Promise<DemoParts> {
  const guest = await reporter.during('Preparing the guest image', async (detail) => {
    return await buildGuestImage({ directory: await platform.state.directory('guest'), report: detail });
  });
  await writeSecrets(directories, guest);
  const accelerator = await reporter.during(
    'Trying whether KVM works',
    async () => await findAccelerator({ kernel: guest.kernel, timeoutMs: 20_000 }),
  );
  const ports = [await platform.state.freePort('demo-1'), await platform.state.freePort('demo-2')] as const;
  return createRealParts(client.catalog, directories, { guest, accelerator, ports, uri: platform.libvirtUri ?? '' });
}
