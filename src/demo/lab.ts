import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatCurrentImage } from '../domain/current-image.ts';
import type { DemoScene, DemoSystem } from './demo-system.ts';
import { tellLab } from './lab-story.ts';
import { demoNode, importImage, registerNodes } from './register.ts';
import { requireRoot } from './require-root.ts';
import { makeKey, startSshServer, stopSshServer } from './ssh-server.ts';
import type { Outcome } from './story.ts';

/** A machine that somebody else installs: its load confirms what is there. */
export const labDemo: DemoSystem = {
  summary: 'a lab machine that somebody else installs, a real sshd in a namespace; its load confirms or refuses',
  libvirt: false,
  packages: ['ssh'],
  tell: async (scene) => {
    requireRoot('lab');
    try {
      return await tell(scene);
    } finally {
      if (!scene.keep) await stopSshServer(scene.platform.state);
    }
  },
  clear: stopSshServer,
};

async function tell(scene: DemoScene): Promise<Outcome> {
  const { client, platform, directories, say } = scene;
  say('   a lab machine: a real sshd that sees a host name and a /root of its own; nobody but its owner installs it');
  const publicKey = await makeKey(join(directories.secrets, 'node-ssh-key'));
  await writeFile(join(directories.secrets, 'authorized-keys'), `${publicKey}\n`, { mode: 0o600 });
  const port = await platform.state.freePort('demo-sshd');
  /** The machine on that address; another directory is another machine, with another host key. */
  const boot = async (name: string) => {
    const directory = join(directories.root, name);
    await mkdir(join(directory, 'root'), { recursive: true, mode: 0o700 });
    return await startSshServer(platform.state, { directory, hostName: 'lab-1', publicKey, port });
  };
  const machine = await boot('lab-1');
  const node = { ...demoNode('lab-1', 'lab', {}), sshPort: port, hostKeys: [machine.hostKey] };
  await registerNodes(client.catalog, [node], scene.environment, say);
  await importCourse(scene);
  const install = async (image: string): Promise<void> => {
    const course = await client.catalog.revisions.resolve({ image: 'course' });
    // What nobody has captured has an id all the same.
    const installed = image === 'course' ? course : { ...course, image, id: course.id + 1 };
    const text = `${formatCurrentImage(installed, { id: 1, name: 'lab-1' })}vcld_post_load=success (by its owner)\n`;
    await writeFile(join(directories.root, 'lab-1', 'root', 'currentimage.txt'), text);
  };
  return await tellLab(scene, { machine, boot, install });
}

/** What its owner has cloned the machine from; nothing of it is ever written to a lab machine. */
async function importCourse({ directories, environment, say }: DemoScene): Promise<void> {
  const file = join(directories.root, 'course.tar.gz');
  await writeFile(file, gzipSync(Buffer.alloc(512 * 20)));
  await importImage('course', { file, format: 'archive', operatingSystem: 'debian12', module: 'linux' }, environment);
  say('   imported the image course: imprint images import course');
}
