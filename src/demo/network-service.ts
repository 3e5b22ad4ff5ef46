import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateDirectory } from '../platform/state-directory.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { removeFrrRouter, startFrrRouter } from './frr-router.ts';
import { tellRouters, type Routers } from './network-service-story.ts';
import { demoNode, introduce, registerNodes } from './register.ts';
import { requireRoot } from './require-root.ts';
import { makeKey, startSshServer, stopSshServer } from './ssh-server.ts';
import { makeSlowFrrReload } from './slow-frr-reload.ts';
import type { Outcome } from './story.ts';

/** Two real routers, whose configuration is what Imprint captures and loads. */
export const networkServiceDemo: DemoSystem = {
  summary: 'two real FRRouting routers in network namespaces; the worker is killed with a configuration half applied',
  libvirt: false,
  packages: ['networkService', 'ssh'],
  tell: async (scene) => {
    requireRoot('network-service');
    try {
      return await tell(scene);
    } finally {
      if (!scene.keep) await clear(scene.platform.state);
    }
  },
  clear,
};

const daemons = ['zebra', 'staticd', 'ospfd'] as const;
type Place = Pick<StateDirectory, 'path'>;

async function clear(place: Place): Promise<void> {
  for (const node of ['edge-1', 'edge-2']) await removeFrrRouter(instanceOf(place, node));
  await stopSshServer(place);
}

/** FRR's instances and network namespaces are the whole machine's: two checkouts must not meet. */
function instanceOf({ path }: Place, node: string): string {
  return `im${createHash('sha256').update(path).digest('hex').slice(0, 6)}${node.slice(-2)}`;
}

async function tell(scene: DemoScene): Promise<Outcome> {
  const { client, platform, directories, say } = scene;
  say('   two real FRRouting routers, each in a network namespace; edge-1 is reached over a real sshd');
  const start = async (node: string) => {
    const directory = join(directories.root, node);
    await mkdir(directory, { mode: 0o700 });
    return await startFrrRouter({ name: instanceOf(platform.state, node), daemons, directory });
  };
  const [source, target] = [await start('edge-1'), await start('edge-2')];
  const slow = await makeSlowFrrReload(join(directories.root, 'programs'), target.name);
  const ssh = await startSshServer(platform.state, {
    directory: join(directories.root, 'sshd'),
    hostName: 'edge-1',
    publicKey: await makeKey(join(directories.secrets, 'router-key')),
    port: await platform.state.freePort('demo-sshd'),
  });
  const host = { kind: 'ssh', address: '127.0.0.1', port: ssh.port, keySecret: 'router-key', hostKeys: [ssh.hostKey] };
  const common = { service: 'frr', stateDirectory: join(directories.root, 'state') };
  const computers = [
    demoNode('edge-1', 'network-service', { ...common, pathspace: source.name, host }),
    demoNode('edge-2', 'network-service', {
      ...common,
      pathspace: target.name,
      programs: slow.programs,
      restart: [target.restartProgram],
    }),
  ];
  await registerNodes(client.catalog, computers, scene.environment, say);
  await introduce(
    client.catalog,
    { system: 'network-service', operatingSystem: 'frr', installType: 'configuration' },
    say,
  );
  const routers: Routers = { source, target, slow };
  return await tellRouters(scene, routers);
}
