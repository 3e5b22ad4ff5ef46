import type { DemoScene, DemoSystem } from './demo-system.ts';
import { writeSimulatedSecrets } from './directories.ts';
import { prepareGuest } from './guest.ts';
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

async function makeRealParts(scene: DemoScene): Promise<DemoParts> {
  const { client, platform, directories } = scene;
  const { guest, accelerator } = await prepareGuest(scene);
  const ports = [await platform.state.freePort('demo-1'), await platform.state.freePort('demo-2')] as const;
  return createRealParts(client.catalog, directories, { guest, accelerator, ports, uri: platform.libvirtUri ?? '' });
}
