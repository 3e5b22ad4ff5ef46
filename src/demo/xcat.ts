import { join } from 'node:path';
import type { NewComputer } from '../catalog/catalog.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { demoNode, introduce, registerNodes } from './register.ts';
import { writeSimulatedSecrets } from './directories.ts';
import type { Outcome } from './story.ts';
import { createXcatDouble, type XcatDouble } from './xcat-double/index.ts';
import { installedOn, tellRack } from './xcat-story.ts';

/** Bare metal that xCAT drives, over a double of xCAT. */
export const xcatDemo: DemoSystem = {
  summary: 'nodes that xCAT drives, over a double of its commands; the worker is killed while a node is imaged',
  libvirt: false,
  packages: [],
  tell: async (scene) => {
    const double = await createXcatDouble(scene.directories.root);
    try {
      return await tell(scene, double);
    } finally {
      if (!scene.keep) await double.close();
    }
  },
};

async function tell(scene: DemoScene, double: XcatDouble): Promise<Outcome> {
  const { client, directories, say } = scene;
  say(
    '   three nodes behind a double of xCAT, which prints what xCAT 2.19 prints: no real xCAT, no machines, real workflows, catalog and workers',
  );
  await writeSimulatedSecrets(directories);
  const names = ['rack-1', 'rack-2', 'rack-3'];
  for (const name of names) await double.addNode(double.node(name), { disk: installedOn(name) });
  await registerNodes(
    client.catalog,
    names.map((name) => computer(name, double)),
    scene.environment,
    say,
  );
  await introduce(client.catalog, { system: 'xcat', operatingSystem: 'site-linux', installType: 'archive' }, say);
  return await tellRack(scene, double);
}

function computer(name: string, double: XcatDouble): NewComputer {
  return demoNode(name, 'xcat', {
    node: double.node(name),
    xcatRoot: double.root,
    stateDirectory: join(double.root, 'imprint'),
    images: { in: 'repository', directory: double.repository },
    load: { bootTarget: 'deploy' },
    confirmSeconds: 20,
    shutdownSeconds: 10,
    pollSeconds: 0.2,
  });
}
