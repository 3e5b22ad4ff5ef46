import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { vi } from 'vitest';
import type { Computer } from '../../src/domain/computer.ts';
import { nameOfRevision, type Revision } from '../../src/domain/image.ts';
import type { PlanStep } from '../../src/domain/plan.ts';
import { libraryPaths } from '../../src/library/paths.ts';
import { openStaging } from '../../src/library/staging.ts';
import { need, type CaptureRequest, type LoadRequest } from '../../src/provisioners/provisioner.ts';
import { createXcatProvisioner } from '../../src/provisioners/xcat/index.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { act, undo, type PlanRunner } from './plan-runner.ts';
import { firstRevision } from './simulated-fixture.ts';
import { xcatComputer, type XcatFixture, type XcatImages } from './xcat-fixture.ts';

/** How a step ends before its time: its answer is refused, the run is cancelled while it acts, or its worker dies then. */
export const cuts = ['failed', 'cancelled', 'killed'] as const;
export type Cut = (typeof cuts)[number];

/** One run of xCAT's provisioner on a node of its own. */
export interface XcatRun {
  readonly node: string;
  readonly plan: readonly PlanStep[];
  /** Carries out what comes before the step, and then the step, which ends before its time. */
  cutAt(step: PlanStep, cut: Cut): Promise<void>;
  /** Takes the step and all before it back, each twice, as a later attempt of the same run. */
  unwind(step: PlanStep): Promise<void>;
  /** Another worker carries out the step again, and what follows. */
  goOn(step: PlanStep): Promise<void>;
  /** What is there of the run: files of the repository, of the osimage, of xCAT's temporary directory, of staging, notes, jobs. */
  left(): Promise<readonly string[]>;
}

let runs = 0;

/** A capture of a node that is on. */
export async function captureRun(fixture: XcatFixture, images: XcatImages): Promise<XcatRun> {
  const { computer, revision } = await freshNode(fixture, images);
  const { library, context } = fixture;
  const fence = { node: computer.name, owner: `captureImage/${computer.name}/a`, epoch: 1 };
  await openStaging(library, fence, context);
  const staging = libraryPaths(library).staging(fence.owner);
  const request = { computer, revision, fence, library, staging, allowForcedOff: false, shutdownSeconds: 20 };
  const runner = ({ provisioner }: Attempt, asked: CaptureRequest): PlanRunner<CaptureRequest> => ({
    steps: need(provisioner, 'capturing').steps,
    request: asked,
    context,
  });
  const plan = await need(fixture.provisioner, 'capturing').plan(request, context);
  return describeRun(fixture, { request, plan, runner, staging });
}

/** A load of a revision that lies in the library, onto a node that is on. */
export async function loadRun(fixture: XcatFixture): Promise<XcatRun> {
  const { computer, revision: bare } = await freshNode(fixture, 'repository');
  const { library, context } = fixture;
  const path = join(library.root, nameOfRevision(bare));
  await mkdir(path);
  const archive = gzipSync(`what ${nameOfRevision(bare)} holds\n`);
  await writeFile(join(path, 'sda.img.gz'), archive);
  const disk = { name: 'sda', file: 'sda.img.gz', format: 'archive', virtualSizeBytes: 1, sizeBytes: archive.length };
  const manifest = { disks: [{ ...disk, sha256: '' }], source: { computer: 'another' } };
  const revision = { ...bare, manifest } as unknown as Revision;
  const fence = { node: computer.name, owner: `loadNode/${computer.name}/a`, epoch: 1 };
  const copy = { library: library.name, path } as unknown as LoadRequest['copy'];
  const request = { computer, revision, copy, fence, library, keepOutgoing: false };
  const runner = ({ provisioner }: Attempt, asked: LoadRequest): PlanRunner<LoadRequest> => ({
    steps: need(provisioner, 'loading').steps,
    request: asked,
    context,
  });
  const plan = await need(fixture.provisioner, 'loading').plan(request, context);
  return describeRun(fixture, { request, plan, runner });
}

type Attempt = Pick<XcatFixture, 'provisioner'>;

async function freshNode(
  fixture: XcatFixture,
  images: XcatImages,
): Promise<{ computer: Computer; revision: Revision }> {
  runs += 1;
  const { double } = fixture;
  const tag = `saga${String(runs).padStart(3, '0')}`;
  const name = double.node(tag);
  await double.addNode(name);
  const { osModule: _osModule, ...revision } = { ...firstRevision, image: tag };
  const computer = xcatComputer(double, name, images);
  if (images === 'repository') return { computer, revision };
  // An osimage serves one run at a time.
  const osimage = tag;
  await double.addImage(osimage);
  const settings = {
    ...computer.settings,
    images: { in: 'rootimg', osimage, temporaryDirectory: double.state('tmp') },
  };
  return { computer: { ...computer, settings }, revision };
}

interface Described<Request> {
  readonly request: Request;
  readonly plan: readonly PlanStep[];
  readonly staging?: string;
  runner(attempt: Attempt, request: Request): PlanRunner<Request>;
}

/** What outlives a run by its page: the fences of its jobs, and when it was first read off. */
const remains = /\/\.jobs(\/.*\.(fence|lock))?$|-off\.json$/;

function describeRun<Request extends CaptureRequest | LoadRequest>(
  fixture: XcatFixture,
  { request, plan, runner, staging }: Described<Request>,
): XcatRun {
  const { double, jobs } = fixture;
  const { name } = request.computer;
  const notes = join(double.root, 'imprint', 'nodes', name);
  const own = [notes, ...(staging === undefined ? [] : [staging])];
  const mine = { steps: plan, first: runner(fixture, request) };
  const later = (): PlanRunner<Request> => {
    const provisioner = createXcatProvisioner({ jobs, shellFor: () => createLocalShell() });
    return runner({ provisioner }, { ...request, fence: { ...request.fence, epoch: 2 } });
  };
  return {
    node: name,
    plan: mine.steps,
    cutAt: async (step, cut) => {
      for (const before of plan.slice(0, plan.indexOf(step))) await act(mine.first, before);
      if (cut === 'failed') await act(mine.first, step);
      else await cutOff(fixture, mine.first, step);
    },
    unwind: async (step) => {
      const attempt = later();
      for (const done of plan.slice(0, plan.indexOf(step) + 1).toReversed()) {
        await vi.waitFor(async () => await undo(attempt, done), { timeout: 30_000, interval: 100 });
        await undo(attempt, done);
      }
    },
    goOn: async (step) => {
      const attempt = later();
      for (const next of plan.slice(plan.indexOf(step))) await act(attempt, next);
    },
    left: async () => {
      const { image } = request.revision;
      const places = [double.repository, join(double.root, 'install', image), double.state('tmp'), ...own];
      const found = (await Promise.all(places.map(filesOf))).flat();
      return found.filter((path) => path.includes(image) && !remains.test(path));
    },
  };
}

/** Lets the step act until the first command about its node was given, and no longer. */
async function cutOff<Request extends CaptureRequest | LoadRequest>(
  { double, context }: XcatFixture,
  runner: PlanRunner<Request>,
  step: PlanStep,
): Promise<void> {
  const { name } = runner.request.computer;
  const commands = async () => (await double.commands()).filter((one) => one.split(' ')[1] === name).length;
  const before = await commands();
  const away = new AbortController();
  const acting = { ended: false };
  const done = act({ ...runner, context: { ...context, signal: away.signal } }, step)
    .catch(() => undefined)
    .finally(() => (acting.ended = true));
  await vi.waitUntil(async () => acting.ended || (await commands()) > before, { timeout: 30_000, interval: 5 });
  away.abort();
  await done;
}

async function filesOf(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true }).catch(() => []);
  return found.map((file) => join(directory, file));
}
