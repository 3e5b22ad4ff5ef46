import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewComputer } from '../catalog/catalog.ts';
import type { StateDirectory } from '../platform/state-directory.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { removeFrrRouter, startFrrRouter } from './frr-router.ts';
import { tellRouters, type Routers } from './network-service-story.ts';
import { introduce, registerNodes } from './register.ts';
import { requireRoot } from './require-root.ts';
import { makeKey, startSshServer, stopSshServer } from './ssh-server.ts';
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
  const slow = await slowReload(directories.root, target.name);
  const ssh = await startSshServer(platform.state, {
    directory: join(directories.root, 'sshd'),
    hostName: 'edge-1',
    publicKey: await makeKey(join(directories.secrets, 'router-key')),
    port: await platform.state.freePort('demo-sshd'),
  });
  const host = { kind: 'ssh', address: '127.0.0.1', port: ssh.port, keySecret: 'router-key', hostKeys: [ssh.hostKey] };
  const common = { service: 'frr', stateDirectory: join(directories.root, 'state') };
  const computers = [
    computer('edge-1', { ...common, pathspace: source.name, host }),
    computer('edge-2', {
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

/** frr-reload.py, whose first run applies one line and then waits until it is let go; it is the real one from then on. */
async function slowReload(root: string, name: string): Promise<Routers['slow']> {
  const programs = join(root, 'programs');
  const [begun, go] = [join(programs, 'begun'), join(programs, 'go')];
  await mkdir(programs);
  const program = join(programs, 'frr-reload.py');
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = --reload ] && [ ! -e '${begun}' ] || exec /usr/lib/frr/frr-reload.py "$@"
vtysh -N ${name} -c 'configure terminal' -c 'ip route 10.99.0.0/16 blackhole'
: > '${begun}'
while [ ! -e '${go}' ]; do sleep 0.1; done
`,
  );
  await chmod(program, 0o755);
  return { programs, begun, go };
}

function computer(name: string, settings: Readonly<Record<string, unknown>>): NewComputer {
  return {
    name,
    managementNode: 'demo',
    provisioningSystem: 'network-service',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1,
    cpus: 1,
    settings,
  };
}
