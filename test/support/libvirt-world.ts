import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { CallContext, Progress } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import type { Fence } from '../../src/domain/fence.ts';
import type { ImageDisk, Revision } from '../../src/domain/image.ts';
import type { Evidence, PlanStep } from '../../src/domain/plan.ts';
import { ensurePrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createLibvirt } from '../../src/provisioners/libvirt/index.ts';
import type {
  CaptureRequest,
  LoadRequest,
  Provisioner,
  StepImplementation,
} from '../../src/provisioners/provisioner.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';

/** A libvirt daemon of its own, a library and a directory for disks, all below one temporary directory. */
export interface LibvirtWorld {
  readonly root: string;
  readonly uri: string;
  readonly library: LibraryPlace;
  readonly provisioner: Provisioner;
  readonly progress: readonly Progress[];
  readonly context: CallContext;
  virsh(...args: string[]): Promise<string>;
  computer(name: string, settings?: Record<string, unknown>): Computer;
  close(): Promise<void>;
}

export async function createLibvirtWorld(): Promise<LibvirtWorld> {
  const root = await mkdtemp(join(tmpdir(), 'imprint-lv-'));
  const state = await openStateDirectory(join(root, 'state'));
  const service = await ensurePrivateLibvirt(state, createProgressReporter());
  const shell = createLocalShell();
  const library = { name: 'mn-test', root: join(root, 'library'), shell };
  await mkdir(join(library.root, '.staging'), { recursive: true });
  const progress: Progress[] = [];
  let id = 0;
  return {
    root,
    uri: service.uri,
    library,
    progress,
    provisioner: createLibvirt({ shellFor: () => shell, jobs: createJobs({ pollIntervalMs: 100 }) }),
    context: { signal: new AbortController().signal, progress: (entry) => void progress.push(entry) },
    virsh: async (...args) => (await execa('virsh', ['-q', '-c', service.uri, ...args])).stdout.trim(),
    computer: (name, settings = {}) => ({
      id: (id += 1),
      name,
      managementNode: 'mn-test',
      provisioningSystem: 'libvirt',
      address: '127.0.0.1',
      sshPort: 22,
      macAddresses: [`52:54:00:${randomBytes(3).toString('hex').match(/../g)?.join(':') ?? ''}`],
      memoryMiB: 32,
      cpus: 1,
      settings: {
        uri: service.uri,
        diskDirectory: join(root, 'disks'),
        accelerator: 'tcg',
        network: { kind: 'user' },
        shutdownSeconds: 20,
        ...settings,
      },
      state: 'available',
    }),
    close: async () => {
      await service.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

let epochs = 0;

/** A run of its own on the node; epochs rise from run to run, as the catalog's do. */
export function newFence(computer: Computer, procedure: string): Fence {
  epochs += 1;
  return { node: computer.name, owner: `${procedure}/${computer.name}/${String(epochs)}`, epoch: epochs };
}

export function revisionOf(
  image: string,
  revision: number,
  disks: readonly ImageDisk[],
  definition?: string,
): Revision {
  return {
    id: 1000 + revision,
    imageId: 1,
    image,
    revision,
    operatingSystem: 'none',
    state: 'available',
    comment: '',
    author: 'test',
    created: '2026-01-02T03:04:05.000Z',
    manifest: {
      schema: 1,
      image,
      revision,
      revisionId: 1000 + revision,
      operatingSystem: 'none',
      disks,
      source: {
        provisioningSystem: 'libvirt',
        computer: 'x',
        run: 'x',
        ...(definition === undefined ? {} : { definition }),
      },
      cleanShutdown: { kind: 'clean' },
      sealChecks: [],
      created: '2026-01-02T03:04:05.000Z',
    },
  };
}

export async function imageDisk(directory: string, name: string): Promise<ImageDisk> {
  const { size } = await stat(join(directory, `${name}.qcow2`));
  return { name, file: `${name}.qcow2`, format: 'qcow2', virtualSizeBytes: 67_108_864, sizeBytes: size, sha256: '' };
}

/** Carries out one step, polling as the activities do while it says that it is not ready. */
export async function act<Request extends CaptureRequest | LoadRequest>(
  steps: Readonly<Record<string, StepImplementation<Request>>>,
  request: Request,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const implementation = steps[step.kind];
  if (implementation === undefined) throw new Error(`no step ${step.kind}`);
  for (let left = 100; ; left -= 1) {
    try {
      return await implementation.act(request, step, context);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'NotReadyError') || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
