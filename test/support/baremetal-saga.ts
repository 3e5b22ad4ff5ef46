import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { nameRevision } from '../../src/activities/claiming.ts';
import { planFromSealed } from '../../src/activities/take-up.ts';
import { nameOfRevision, type Revision } from '../../src/domain/image.ts';
import type { Evidence, PlanStep } from '../../src/domain/plan.ts';
import { listFrames } from '../../src/library/chunks/frames.ts';
import { openStaging, removeStaging } from '../../src/library/staging.ts';
import { createBaremetal } from '../../src/provisioners/baremetal/index.ts';
import {
  need,
  type CaptureRequest,
  type LoadRequest,
  type Provisioner,
  type StagedImage,
} from '../../src/provisioners/provisioner.ts';
import { createBaremetalFixture, type BaremetalFixture } from './baremetal-fixture.ts';
import { revision, without } from './baremetal-revision.ts';
import { ImagedMachine } from './imaged-machine.ts';
import { act, undo, type PlanRunner } from './plan-runner.ts';
import { wrap, type Around } from './tampering.ts';

/** How a step ends before its time: its answer is refused after it acted, its run is cancelled while it acts, or its worker is killed then. */
export const cuts = ['failed', 'cancelled', 'killed'] as const;
export type Cut = (typeof cuts)[number];

/** A step, and a call that it makes: whoever cuts it there cuts it right after that call. */
export interface CutPoint {
  readonly step: PlanStep;
  /** `power.on`, `imaging.order`, `shell.upload`, `system.seal`. */
  readonly call: string;
}

/** One run of the provisioner on a machine and in a library of its own. */
export interface BareRun {
  readonly plan: readonly PlanStep[];
  readonly machine: ImagedMachine;
  /** Carries the whole plan out. Answers where it can be cut: each call of each step, but for mere readings. */
  undisturbed(): Promise<readonly CutPoint[]>;
  /** Carries out what comes before the step, and then the step, which ends before its time. */
  cutAt(point: CutPoint, cut: Cut): Promise<void>;
  /** Takes the step and all before it back, each twice, as a later attempt. A machine that is on starts anew as soon as a way to its disk is open. */
  unwind(step: PlanStep): Promise<void>;
  /** Another worker carries the step out again, and what follows. */
  goOn(step: PlanStep): Promise<void>;
  /** Files of the library, but for the fences of runs: images, notes, and what was copied. */
  left(): Promise<readonly string[]>;
  /** All that can be told of a run at its end: its machine, what that has done, files, and what publication would be told. */
  end(): Promise<object>;
  close(): Promise<void>;
}

/** A capture of a system that an OS module prepares, seals and powers off. */
export async function captureRun(): Promise<BareRun> {
  return await captureOf({ revision: capturing, allowForcedOff: false });
}

/** A capture without an OS module, of a machine that does not hear its power button. */
export async function forcedCaptureRun(): Promise<BareRun> {
  const run = await captureOf({
    revision: without(capturing, 'osModule'),
    allowForcedOff: true,
    shutdownSeconds: 0,
  });
  run.machine.hearsButton = false;
  return run;
}

/** A capture that goes on from what an earlier run has sealed. */
export async function takenUpRun(): Promise<BareRun> {
  const noted = { off: true, offSince: '2024-01-01T00:00:00Z', raw: 'Chassis Power is off', forced: false };
  const sealed = { run: 'captureImage/source/0', step: '5.3', revision: nameRevision(capturing), noted };
  const request = { revision: capturing, allowForcedOff: false };
  const run = await captureOf(request, (plan) => planFromSealed(plan, sealed, 'source'));
  run.machine.set('off');
  return run;
}

const capturing: Revision = { ...revision, state: 'capturing' };

async function captureOf(
  asked: Pick<CaptureRequest, 'revision' | 'allowForcedOff'> & Partial<CaptureRequest>,
  change = (plan: readonly PlanStep[]): readonly PlanStep[] => plan,
): Promise<BareRun> {
  const fixture = await createBaremetalFixture();
  const { library, context, source: computer } = fixture;
  const fence = { node: computer.name, owner: `captureImage/${computer.name}/1`, epoch: 1 };
  const staging = await openStaging(library, fence, context);
  const request: CaptureRequest = { computer, fence, library, staging, shutdownSeconds: 60, ...asked };
  const plan = change(await need(fixture.provisioner, 'capturing').plan(request, context));
  const machine = new ImagedMachine(fixture, computer, 'sealed');
  return describeRun(fixture, machine, {
    request,
    plan,
    stepsOf: (provisioner, around) => ({
      ...need(provisioner, 'capturing').steps,
      ...stepsOfSystem(fixture, around),
    }),
    clear: async (later) => await removeStaging(library, later.fence, context),
    staged: async () => {
      const staged = await need(createProvisioner(machine), 'capturing').staged(request, context);
      return { ...staged, offSince: 'some time' };
    },
  });
}

/** What the OS module does is under way on the machine by itself, whatever becomes of the run. */
function stepsOfSystem({ actOnSystem, source }: BaremetalFixture, around: Around): PlanRunner<CaptureRequest>['steps'] {
  const act = async (_request: CaptureRequest, step: PlanStep): Promise<Evidence> => {
    await actOnSystem(source, step);
    return {};
  };
  const { preCapture, seal } = wrap({ preCapture: act, seal: act }, 'system', around);
  return { preCapture: { act: preCapture }, seal: { act: seal } };
}

/** A load onto a machine that runs. */
export async function loadRun(): Promise<BareRun> {
  const fixture = await createBaremetalFixture();
  const { library, context, target: computer } = fixture;
  const path = join(library.root, nameOfRevision(revision));
  await mkdir(path);
  await writeFile(join(path, 'sda.chunks'), 'what web-v1 holds\n');
  const fence = { node: computer.name, owner: `loadNode/${computer.name}/1`, epoch: 1 };
  const copy = { revisionId: revision.id, library: library.name, path, sizeBytes: 900 };
  const request: LoadRequest = { computer, revision, copy, fence, library, keepOutgoing: false };
  const plan = await need(fixture.provisioner, 'loading').plan(request, context);
  const machine = new ImagedMachine(fixture, computer, 'outgoing');
  machine.set('on');
  return describeRun(fixture, machine, {
    request,
    plan,
    stepsOf: (provisioner) => need(provisioner, 'loading').steps,
    clear: async () => undefined,
    staged: async () => undefined,
  });
}

function createProvisioner({ power, imaging }: Pick<ImagedMachine, 'power' | 'imaging'>): Provisioner {
  const capturedDisk = async (file: string) => ({ sizeBytes: (await listFrames(file)).layout.disk.sizeBytes });
  return createBaremetal({ power: () => power, imaging, capturedDisk, pollMs: 5 });
}

interface Described<Request> {
  readonly request: Request;
  readonly plan: readonly PlanStep[];
  stepsOf(provisioner: Provisioner, around: Around): PlanRunner<Request>['steps'];
  /** What is taken back of a run once its plan is. */
  clear(later: Request): Promise<void>;
  staged(): Promise<StagedImage | undefined>;
}

function describeRun<Request extends CaptureRequest | LoadRequest>(
  { library, context, close }: BaremetalFixture,
  machine: ImagedMachine,
  { request, plan, stepsOf, clear, staged }: Described<Request>,
): BareRun {
  const attempt = (epoch: number, around: Around = asItIs): PlanRunner<Request> => {
    const [power, imaging] = [wrap(machine.power, 'power', around), wrap(machine.imaging, 'imaging', around)];
    const shell = wrap(library.shell, 'shell', around);
    const asked = { ...request, fence: { ...request.fence, epoch }, library: { ...library, shell } };
    return { steps: stepsOf(createProvisioner({ power, imaging }), around), request: asked, context };
  };
  const carryOut = async (runner: PlanRunner<Request>, step: PlanStep): Promise<void> => {
    if (step.kind === 'image') machine.letWorkGoOn();
    await act(runner, step);
  };
  return {
    plan,
    machine,
    close: async () => {
      await machine.cutWork();
      await close();
    },
    undisturbed: async () => {
      const points: CutPoint[] = [];
      for (const step of plan) points.push(...(await pointsOf(step, (around) => carryOut(attempt(1, around), step))));
      return points;
    },
    cutAt: async ({ step, call }, cut) => {
      const runner = attempt(1);
      for (const before of plan.slice(0, plan.indexOf(step))) await carryOut(runner, before);
      if (cut === 'failed') return await carryOut(runner, step);
      // Of a machine that is at its work the image step hears nothing but how far it is.
      const acts = call === 'imaging.progress' ? act<Request> : carryOut;
      await cutOff({ step, call }, cut, (around, signal) =>
        acts({ ...attempt(1, around), context: { ...context, signal } }, step),
      );
    },
    unwind: async (step) => {
      const later = attempt(2, async (path, _args, call) => {
        const answer = await call();
        if (ways.includes(path)) await machine.restart();
        return answer;
      });
      for (const done of plan.slice(0, plan.indexOf(step) + 1).toReversed())
        await twice(async () => await undo(later, done));
      await twice(async () => await clear(later.request));
    },
    goOn: async (step) => {
      const runner = attempt(2);
      for (const next of plan.slice(plan.indexOf(step))) await carryOut(runner, next);
    },
    left: async () => await filesOf(library.root),
    end: async () => {
      const { booted, begun, onDisk } = machine;
      return { ...machine.found(), booted, begun, onDisk, left: await filesOf(library.root), staged: await staged() };
    },
  };
}

async function twice(act: () => Promise<unknown>): Promise<void> {
  await act();
  await act();
}

const asItIs: Around = async (_path, _args, call) => await call();

/** What lets a machine that starts anew come to its disk. */
const ways = ['imaging.withdraw', 'power.setBootTarget'];

/** What only reads leaves nothing to be cut between. */
const readings = ['power.read', 'shell.download'];

async function pointsOf(step: PlanStep, acts: (around: Around) => Promise<unknown>): Promise<readonly CutPoint[]> {
  const calls = new Set<string>();
  await acts(async (path, _args, call) => {
    calls.add(path);
    return await call();
  });
  return [...calls].filter((call) => !readings.includes(call)).map((call) => ({ step, call }));
}

/** Lets the step act until its call was made, and no longer: of one that is cancelled, what takes no signal goes on. */
async function cutOff(
  { step, call: last }: CutPoint,
  cut: Cut,
  acts: (around: Around, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  const around: Around = async (path, _args, call) => {
    if (cut === 'killed' || !path.startsWith('imaging.')) signal.throwIfAborted();
    const answer = await call();
    if (path === last) over.abort(new Error(`${step.id} is ${cut}`));
    if (cut === 'killed') signal.throwIfAborted();
    return answer;
  };
  await acts(around, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (!signal.aborted) throw new Error(`${step.id} has not come to ${last}`);
}

/** Fences outlive their runs. */
const remains = /^\.staging\/(\.lock|.*\.owner\.json)$/;

async function filesOf(root: string): Promise<readonly string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  const names = files.map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  return names.filter((name) => !remains.test(name)).toSorted();
}
