import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const programs = {
  bin: [
    ...['rpower', 'rsetboot', 'nodestat', 'rinstall', 'imgcapture'],
    ...['lsdef', 'mkdef', 'chdef', 'nodels', 'lsxcatd'],
  ],
  sbin: ['nodeset', 'packimage', 'tabdump'],
} as const;

/** What the double can be told to do wrong at one of its commands; see client.sh and, for what xcatd does, the files that daemon.sh reads. */
export type XcatFault =
  | 'daemon-stopped'
  | 'bad-hostname'
  | 'denied'
  | 'no-certificates'
  | 'silent'
  | 'usage'
  | 'badcode'
  | 'ended'
  | 'ended-done'
  | 'timeout'
  | 'drop'
  | 'reads-input'
  | 'genimage'
  | 'ssh-lost'
  | 'reversed'
  | 'verbose'
  | 'dhcp'
  | 'no-dhcp';

/** A double of xCAT's clients with nodes of its own, in a directory of its own. */
export interface XcatDouble {
  /** What the setting `xcatRoot` is to be. */
  readonly root: string;
  /** Where the site's imaging environment reads and writes. */
  readonly repository: string;
  /** Where a file of its state lies: `nodes/n1/power`. */
  state(path: string): string;
  /** A node's name that no other double has: what xcatd does is seen by its processes, and those of all doubles are on one host. */
  node(name: string): string;
  addNode(node: string, facts?: Readonly<Record<string, string>>): Promise<void>;
  /** An osimage whose tree lies in a directory of the double. */
  addImage(image: string, facts?: Readonly<Record<string, string>>): Promise<string>;
  /** What a node's file says: `power`, `boot`, `disk`. Undefined when there is none. */
  fact(node: string, name: string): Promise<string | undefined>;
  set(node: string, name: string, value: string): Promise<void>;
  /** `at`: a command, or `command.node`. Without `times` always. */
  inject(at: string, fault: XcatFault, times?: number): Promise<void>;
  clear(at: string): Promise<void>;
  /** Seconds: `rpower`, `imgcapture` (in the daemon), `imaging`, `deployment` (each part), `softoff`, `bmc`, `farewell`. */
  delay(what: string, seconds: number): Promise<void>;
  /** Every command that was begun, `rpower n1 stat`, oldest first. */
  commands(): Promise<readonly string[]>;
  /** Commands that were begun while another one was about the same node. */
  overlaps(): Promise<readonly string[]>;
  /** What happened to the machines: `n1 boot`, `n1 off`. */
  events(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function createXcatDouble(parent = tmpdir()): Promise<XcatDouble> {
  const root = await mkdtemp(join(parent, 'imprint-xcat-'));
  const state = (path: string): string => join(root, 'state', path);
  const repository = join(root, 'repository');
  await cp(import.meta.dirname, join(root, 'double'), { recursive: true });
  for (const name of ['client.sh', 'daemon.sh', 'machine.sh']) await chmod(join(root, 'double', name), 0o755);
  for (const [folder, names] of Object.entries(programs)) {
    await mkdir(join(root, folder));
    for (const name of names) await symlink('../double/client.sh', join(root, folder, name));
  }
  for (const folder of ['nodes', 'images', 'faults', 'delay', 'tmp']) await mkdir(state(folder), { recursive: true });
  await mkdir(repository);
  await writeFile(state('repository'), repository);
  // Stock xCAT refuses both: they stand for what the site's own plugin adds.
  await writeFile(state('taught'), 'image\ndeploy\n');
  const lines = async (name: string): Promise<readonly string[]> =>
    ((await read(state(name))) ?? '').split('\n').filter((line) => line !== '');
  const set = async (node: string, name: string, value: string): Promise<void> =>
    await writeFile(state(`nodes/${node}/${name}`), value);
  return {
    root,
    repository,
    state,
    set,
    node: (name) => `${name}-${root.slice(-6).toLowerCase()}`,
    fact: async (node, name) => await read(state(`nodes/${node}/${name}`)),
    addNode: async (node, facts = {}) => {
      await mkdir(state(`nodes/${node}/root/etc`), { recursive: true });
      await writeFile(state(`nodes/${node}/root/etc/hostname`), `${node}\n`);
      for (const [name, value] of Object.entries({ ...ordinaryNode, ...facts })) await set(node, name, value);
    },
    addImage: async (image, facts = {}) => {
      const rootimgdir = join(root, 'install', image);
      await mkdir(state(`images/${image}`), { recursive: true });
      await mkdir(rootimgdir, { recursive: true });
      for (const [name, value] of Object.entries({ ...ordinaryImage, rootimgdir, ...facts }))
        await writeFile(state(`images/${image}/${name}`), value);
      return rootimgdir;
    },
    inject: async (at, fault, times) =>
      await writeFile(state(`faults/${at}`), `${fault}${times === undefined ? '' : ` ${String(times)}`}\n`),
    clear: async (at) => await rm(state(`faults/${at}`), { force: true }),
    delay: async (what, seconds) => await writeFile(state(`delay/${what}`), String(seconds)),
    commands: async () => await lines('log'),
    overlaps: async () => await lines('overlaps'),
    events: async () => await lines('events'),
    close: async () => {
      // What still works for a machine of the double finds its life over.
      await appendFile(state('closed'), '').catch(() => undefined);
      await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

const ordinaryNode = {
  power: 'on',
  boot: 'boot',
  stage: 'sshd',
  mgt: 'ipmi',
  profile: 'compute',
  osvers: 'debian12',
  osarch: 'x86_64',
  disk: 'the disk of a machine\n',
  boots: '1',
};

const ordinaryImage = { osvers: 'debian12', osarch: 'x86_64', profile: 'compute', provmethod: 'netboot' };

async function read(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
