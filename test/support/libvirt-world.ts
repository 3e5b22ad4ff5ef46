import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { CallContext, Progress } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import type { Fence } from '../../src/domain/fence.ts';
import { type ImageDisk, nameOfRevision, type Revision } from '../../src/domain/image.ts';
import { ensurePrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createLibvirt, type LibvirtDeps } from '../../src/provisioners/libvirt/index.ts';
import type { CaptureRequest, LoadRequest, Provisioner } from '../../src/provisioners/provisioner.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { makeTinyDisk } from './tiny-guest.ts';

/** A libvirt daemon of its own, a library and a directory for disks, all below one temporary directory. */
export interface LibvirtWorld {
  readonly root: string;
  readonly uri: string;
  readonly library: LibraryPlace;
  readonly provisioner: Provisioner;
  /** What was reported as progress so far. */
  readonly progress: readonly Progress[];
  readonly context: CallContext;
  virsh(...args: string[]): Promise<string>;
  /** A computer of 32 MiB whose power button may take 20 s. */
  computer(name: string, settings?: Record<string, unknown>): Computer;
  provisionerWith(deps: Partial<LibvirtDeps>): Provisioner;
  close(): Promise<void>;
}

export async function createLibvirtWorld(): Promise<LibvirtWorld> {
  const root = await mkdtemp(join(tmpdir(), 'imprint-lv-'));
  const state = await openStateDirectory(join(root, 'state'));
  const { uri, stop } = await ensurePrivateLibvirt(state, createProgressReporter());
  const shell = createLocalShell();
  const library = { name: 'mn-test', root: join(root, 'library'), shell };
  await mkdir(join(library.root, '.staging'), { recursive: true });
  const diskDirectory = join(root, 'disks');
  await mkdir(diskDirectory);
  const progress: Progress[] = [];
  const deps = { shellFor: () => shell, jobs: createJobs({ pollIntervalMs: 100 }) };
  let computers = 0;
  return {
    root,
    uri,
    library,
    progress,
    provisioner: createLibvirt(deps),
    provisionerWith: (others) => createLibvirt({ ...deps, ...others }),
    context: { signal: new AbortController().signal, progress: (entry) => void progress.push(entry) },
    virsh: async (...args) => (await execa('virsh', ['-q', '-c', uri, ...args])).stdout.trim(),
    computer: (name, settings = {}) => {
      computers += 1;
      const common = { uri, diskDirectory, accelerator: 'tcg', network: { kind: 'user' }, shutdownSeconds: 20 };
      return tinyComputer(computers, name, { ...common, ...settings });
    },
    close: async () => {
      await stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function tinyComputer(id: number, name: string, settings: Record<string, unknown>): Computer {
  return {
    id,
    name,
    managementNode: 'mn-test',
    provisioningSystem: 'libvirt',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [`52:54:00:${randomBytes(3).toString('hex').match(/../g)?.join(':') ?? ''}`],
    memoryMiB: 32,
    cpus: 1,
    settings,
    state: 'available',
  };
}

let epochs = 0;

/** A run of its own on the node; epochs rise from run to run, as the catalog's do. */
export function newFence(computer: Computer, procedure: string): Fence {
  epochs += 1;
  return { node: computer.name, owner: `${procedure}/${computer.name}/${String(epochs)}`, epoch: epochs };
}

/** The same run, as a later attempt holds it. */
export function laterAttempt(fence: Fence): Fence {
  epochs += 1;
  return { ...fence, epoch: epochs };
}

/** Publishes a revision whose disks boot the tiny guest; each disk's payload is `<revision>:<disk>`. */
export async function publishTiny(library: LibraryPlace, revision: number, names = ['vda']): Promise<Revision> {
  const bare = bareRevision('tiny', revision);
  const directory = join(library.root, nameOfRevision(bare));
  await mkdir(directory, { recursive: true });
  for (const name of names) {
    const payload = Buffer.from(`${nameOfRevision(bare)}:${name}`);
    await makeTinyDisk(join(directory, `${name}.qcow2`), `hello from ${nameOfRevision(bare)}`, payload);
    await chmod(join(directory, `${name}.qcow2`), 0o444);
  }
  return withDisks(bare, await Promise.all(names.map((name) => describeDisk(directory, name))));
}

export function bareRevision(image: string, revision: number): Revision {
  return {
    id: 1000 + revision,
    imageId: 1,
    image,
    revision,
    operatingSystem: 'tiny',
    state: 'available',
    comment: '',
    author: 'test',
    created: '2026-01-02T03:04:05.000Z',
  };
}

export function withDisks(bare: Revision, disks: readonly ImageDisk[], definition?: string): Revision {
  const source = { provisioningSystem: 'libvirt', computer: 'source', run: 'captureImage/source/1' };
  return {
    ...bare,
    manifest: {
      schema: 1,
      image: bare.image,
      revision: bare.revision,
      revisionId: bare.id,
      operatingSystem: bare.operatingSystem,
      disks,
      source: { ...source, ...(definition === undefined ? {} : { definition }) },
      cleanShutdown: { kind: 'clean' },
      sealChecks: [],
      created: bare.created,
    },
  };
}

async function describeDisk(directory: string, name: string): Promise<ImageDisk> {
  const file = `${name}.qcow2`;
  const { size } = await stat(join(directory, file));
  return { name, file, format: 'qcow2', virtualSizeBytes: 67_108_864, sizeBytes: size, sha256: '' };
}

export function loadRequest(library: LibraryPlace, computer: Computer, revision: Revision): LoadRequest {
  const path = join(library.root, nameOfRevision(revision));
  const copy = { revisionId: revision.id, library: library.name, path, sizeBytes: 1 };
  return { computer, revision, copy, fence: newFence(computer, 'loadNode'), library, keepOutgoing: false };
}

export function captureRequest(library: LibraryPlace, computer: Computer, revision: number): CaptureRequest {
  const fence = newFence(computer, 'captureImage');
  return {
    computer,
    revision: bareRevision('tiny', revision),
    fence,
    library,
    staging: join(library.root, '.staging', fence.owner.replaceAll('/', '+')),
    allowForcedOff: false,
    shutdownSeconds: 30,
  };
}
