import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createXcatProvisioner } from '../../src/provisioners/xcat/index.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';
import { createXcatDouble, type XcatDouble } from '../../src/demo/xcat-double/index.ts';

export interface XcatFixture extends ProvisionerFixture {
  readonly double: XcatDouble;
}

/** How the images of a fixture's computers come about. */
export type XcatImages = 'repository' | 'rootimg';

/** A double of xCAT with two nodes, `source` and `target`, and a library beside it. */
export async function createXcatFixture(images: XcatImages = 'repository'): Promise<XcatFixture> {
  const double = await createXcatDouble();
  const shell = createLocalShell();
  const jobs = createJobs({ pollIntervalMs: 100 });
  const library: LibraryPlace = { name: 'mn-a', root: join(double.root, 'library'), shell };
  const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
  await mkdir(library.root);
  await prepare(library, context);
  const [source, target] = [double.node('source'), double.node('target')];
  for (const node of [source, target]) await double.addNode(node);
  await double.addImage('captured');
  return {
    double,
    provisioner: createXcatProvisioner({ jobs, shellFor: () => shell }),
    library,
    jobs,
    context,
    source: xcatComputer(double, source, images),
    target: xcatComputer(double, target, images),
    misconfigured: {
      ...xcatComputer(double, 'wrong', images),
      settings: { xcatRoot: 'opt', images: { in: 'repository', directory: '/srv', file: 'image.gz' } },
    },
    actOnSystem: async (computer, step) => {
      // The seal ends in a power-off by the guest itself.
      if (step.kind === 'seal') await double.set(computer.name, 'power', 'off');
    },
    observe: async () => ({ ssh: false, reason: 'nothing answers' }),
    loadedState: async (computer) => {
      const facts = ['boot', 'profile', 'disk', 'power'].map(async (name) => await double.fact(computer.name, name));
      return await Promise.all(facts);
    },
    close: () => double.close(),
  };
}

/** What a computer that the double drives has as settings; nothing in it takes long. */
export function xcatSettings(double: XcatDouble, images: XcatImages): Record<string, unknown> {
  return {
    xcatRoot: double.root,
    stateDirectory: join(double.root, 'imprint'),
    confirmSeconds: 20,
    shutdownSeconds: 5,
    pollSeconds: 0.05,
    ...(images === 'repository'
      ? {
          images: { in: 'repository', directory: double.repository },
          load: { bootTarget: 'deploy', noChangeSeconds: 30 },
        }
      : {
          images: { in: 'rootimg', osimage: 'captured', temporaryDirectory: double.state('tmp') },
          load: { bootTarget: 'osimage=captured', finished: 'answers', noChangeSeconds: 30 },
        }),
  };
}

export function xcatComputer(double: XcatDouble, name: string, images: XcatImages = 'repository'): Computer {
  return {
    id: 1,
    name,
    managementNode: 'mn-a',
    provisioningSystem: 'xcat',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1024,
    cpus: 1,
    settings: xcatSettings(double, images),
    state: 'available',
  };
}
