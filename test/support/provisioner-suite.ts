import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { NotReadyError, UnsupportedError, errorChain } from '../../src/domain/errors.ts';
import type { Fence } from '../../src/domain/fence.ts';
import type { Manifest, Revision } from '../../src/domain/image.ts';
import type { NodeObservation } from '../../src/domain/node-status.ts';
import type { Evidence, PlanStep } from '../../src/domain/plan.ts';
import { checksumStaged } from '../../src/library/checksum.ts';
import { endJobs } from '../../src/library/jobs.ts';
import { libraryPaths } from '../../src/library/paths.ts';
import { publish } from '../../src/library/publish.ts';
import { openStaging, removeStaging } from '../../src/library/staging.ts';
import { verifyStructure } from '../../src/library/structure.ts';
import {
  need,
  type CaptureRequest,
  type LoadRequest,
  type Power,
  powerOf,
  type Provisioner,
  type StepImplementation,
} from '../../src/provisioners/provisioner.ts';
import type { Jobs } from '../../src/remote/job.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';

/** What the shared suite needs of a provisioning system. Made anew for each test. */
export interface ProvisionerFixture {
  readonly provisioner: Provisioner;
  /** On, and with something on its disks that can be captured. */
  readonly source: Computer;
  /** Can be loaded with what was captured from `source`. */
  readonly target: Computer;
  /** With settings that its provisioner must refuse. */
  readonly misconfigured: Computer;
  /** Prepared. */
  readonly library: LibraryPlace;
  readonly jobs: Jobs;
  readonly context: CallContext;
  /** OS module of what is captured and loaded; absent where no operating system is involved. */
  readonly osModule?: string;
  /** Does what the OS module would do at this step of a plan; where no system runs in the guest, what it leaves behind. */
  actOnSystem(computer: Computer, step: PlanStep): Promise<void>;
  observe(computer: Computer): Promise<NodeObservation & { readonly reason: string }>;
  /** What an unwound load must leave as it was: disks, definition, power. Compared as JSON. */
  loadedState(computer: Computer): Promise<unknown>;
  close(): Promise<void>;
}

/** What every provisioner must hold to. What it lacks is asserted to say UnsupportedError. */
export function describeProvisioner(name: string, setup: () => Promise<ProvisionerFixture>): void {
  describe(`the provisioner ${name}`, () => {
    let fixture: ProvisionerFixture;
    beforeEach(async () => {
      fixture = await setup();
    });
    afterEach(() => fixture.close());

    basics(name, () => fixture);
    power(() => fixture);
    capturing(() => fixture);
    loading(() => fixture);
  });
}

type Current = () => ProvisionerFixture;

function basics(name: string, current: Current): void {
  it('has the name by which computers name it, and either has a capability or says that it lacks it', () => {
    const { provisioner } = current();
    expect(provisioner.name).toBe(name);
    for (const capability of ['power', 'capturing', 'loading'] as const) {
      if (provisioner[capability] !== undefined) expect(need(provisioner, capability)).toBe(provisioner[capability]);
      else expect(() => need(provisioner, capability)).toThrow(UnsupportedError);
    }
  });

  it('reports what is wrong with settings, says where, and changes nothing', async () => {
    const { provisioner, source, misconfigured, loadedState } = current();
    const before = JSON.stringify(await loadedState(source));
    expect(provisioner.validate(source)).toEqual([]);
    const problems = provisioner.validate(misconfigured);
    expect(problems.length).toBeGreaterThan(0);
    for (const { where, problem } of problems) {
      expect(where).toMatch(/^settings/);
      expect(problem).not.toBe('');
    }
    expect(JSON.stringify(await loadedState(source))).toBe(before);
  });

  it('says what each of its settings is', () => {
    const { settings } = current().provisioner;
    expect(settings, 'settings: describeSettings(schema) in its declaration').toBeDefined();
    const names = (settings ?? []).map((setting) => setting.name);
    expect(names).toEqual([...new Set(names)]);
    for (const { name, type, purpose } of settings ?? []) {
      expect(type).not.toBe('');
      // What stands inside of another is explained there.
      if (!/[.[]/.test(name)) expect(purpose, name).not.toBe('');
    }
  });

  it('answers node status with a reason for the status and for whatever else it says', async () => {
    const { provisioner, source, context, observe } = current();
    const status = await provisioner.nodeStatus(source, undefined, {
      ...context,
      observe: () => observe(source),
      readImageFile: () => Promise.resolve(undefined),
      wordsOf: errorChain,
    });
    expect(['READY', 'POST_LOAD', 'RELOAD']).toContain(status.status);
    expect(status.reasons['status']).toBeTruthy();
    const known = ['status', 'ping', 'ssh', 'rpower', 'nodeset', 'nodetype', 'currentimage', 'reasons'];
    for (const key of Object.keys(status)) expect(known).toContain(key);
  });
}

function power(current: Current): void {
  it('reaches each power state once or twice asked for, and reads it afresh', async () => {
    const { provisioner, source, context } = current();
    const { power } = provisioner;
    if (power === undefined) return expectLack(provisioner, 'power');
    if (powerOf(provisioner, source) === undefined) return await expectNoPower(power, source, context);
    for (const repeat of [1, 2]) {
      await power.on(source, context);
      expect((await power.read(source, context)).value, `on, time ${String(repeat)}`).toBe('on');
    }
    for (const repeat of [1, 2]) {
      await power.forceOff(source, context);
      expect((await power.read(source, context)).value, `off, time ${String(repeat)}`).toBe('off');
    }
    await power.askOff(source, context);
    const reading = await power.read(source, context);
    expect(reading.value).toBe('off');
    expect(reading.raw).not.toBe('');
    expect(Date.parse(reading.at)).not.toBeNaN();
  });
}

function capturing(current: Current): void {
  it('plans a capture as data whose every step can be done, and undone exactly where it says so', async () => {
    const fixture = current();
    const { capturing } = fixture.provisioner;
    if (capturing === undefined) return expectLack(fixture.provisioner, 'capturing');
    const request = captureRequest(fixture);
    expect((await capturing.check(request, fixture.context)).problems).toEqual([]);
    const plan = await capturing.plan(request, fixture.context);
    expectSoundPlan(plan, capturing.steps);
    expect(await capturing.plan(request, fixture.context)).toEqual(plan);
  });

  it('carries a capture out, each step twice, to disks that are whole', async () => {
    const fixture = current();
    if (fixture.provisioner.capturing === undefined) return expectLack(fixture.provisioner, 'capturing');
    const { manifest } = await captureAndPublish(fixture);
    expect(manifest.disks.length).toBeGreaterThan(0);
    expect(manifest.disks[0]?.virtualSizeBytes).toBeGreaterThan(0);
  });

  it('undoes every beginning of a capture, twice, and leaves nothing in the library', async () => {
    const fixture = current();
    const { capturing } = fixture.provisioner;
    if (capturing === undefined) return expectLack(fixture.provisioner, 'capturing');
    const length = (await capturing.plan(captureRequest(fixture), fixture.context)).length;
    for (let count = 0; count <= length; count += 1) {
      const request = captureRequest(fixture);
      const plan = await capturing.plan(request, fixture.context);
      await openStaging(fixture.library, request.fence, fixture.context);
      for (const step of plan.slice(0, count)) await act(fixture, capturing.steps, request, step);
      // The control: a whole capture leaves files that its undo has to remove.
      if (count === length) expect(await readdir(request.staging)).not.toEqual([]);
      // One step more is undone than was done: a step that had not begun.
      await undoTwice(fixture, capturing.steps, request, plan.slice(0, count + 1));
      await endJobs(fixture.library, fixture.jobs, request.fence, fixture.context);
      await removeStaging(fixture.library, request.fence, fixture.context);
      expect(await directoriesIn(libraryPaths(fixture.library).stagingRoot), `after ${String(count)} steps`).toEqual(
        [],
      );
    }
  });
}

function loading(current: Current): void {
  it('plans a load as data, carries it out, each step twice, and keeps what it is asked to keep', async () => {
    const fixture = current();
    const { loading, capturing } = fixture.provisioner;
    if (loading === undefined) return expectLack(fixture.provisioner, 'loading');
    if (capturing === undefined) return expectLack(fixture.provisioner, 'capturing');
    const request = await loadRequest(fixture);
    expect(await loading.check(request, fixture.context)).toEqual([]);
    const plan = await loading.plan(request, fixture.context);
    expectSoundPlan(plan, loading.steps);
    for (const step of plan) expect(['beforeBoot', 'afterReady']).toContain(step.arguments['phase']);
    for (const step of plan) {
      await act(fixture, loading.steps, request, step);
      await act(fixture, loading.steps, request, step);
    }
    const { power } = fixture.provisioner;
    if (power !== undefined) expect((await power.read(fixture.target, fixture.context)).value).toBe('on');
  });

  it('undoes every beginning of a load, twice, and leaves the node as it was', async () => {
    const fixture = current();
    const { loading, capturing } = fixture.provisioner;
    if (loading === undefined) return expectLack(fixture.provisioner, 'loading');
    if (capturing === undefined) return expectLack(fixture.provisioner, 'capturing');
    const first = await loadRequest(fixture);
    const before = JSON.stringify(await fixture.loadedState(fixture.target));
    const undoable = (await loading.plan(first, fixture.context)).filter((step) => 'title' in step.undo).length;
    for (let count = 0; count <= undoable; count += 1) {
      const request = { ...first, fence: newFence(fixture.target, 'loadNode') };
      const plan = await loading.plan(request, fixture.context);
      for (const step of plan.slice(0, count)) await act(fixture, loading.steps, request, step);
      // The control: a whole load can be told from none.
      const after = JSON.stringify(await fixture.loadedState(fixture.target));
      if (count === undoable) expect(after).not.toBe(before);
      await undoTwice(fixture, loading.steps, request, plan.slice(0, count + 1));
      expect(JSON.stringify(await fixture.loadedState(fixture.target)), `after ${String(count)} steps`).toBe(before);
    }
  });

  it('says at which port users log in, where its nodes are handed to users', () => {
    const { provisioner, target } = current();
    if (provisioner.reserving === undefined) return expectLack(provisioner, 'reserving');
    expect(provisioner.reserving.sshPort(target)).toBeGreaterThan(0);
  });

  it('takes whatever is loaded off a node, and succeeds when there is nothing', async () => {
    const { provisioner, target, context } = current();
    const { loading } = provisioner;
    if (loading === undefined) return expectLack(provisioner, 'loading');
    const fence = newFence(target, 'unloadNode');
    await loading.unload(target, fence, context);
    await loading.unload(target, fence, context);
    await loading.discardSetAside?.(target, fence, context);
    await loading.discardSetAside?.(target, fence, context);
  });
}

/** The system has power, and this computer has none. */
async function expectNoPower(power: Power, computer: Computer, context: CallContext): Promise<void> {
  for (const member of ['read', 'on', 'askOff', 'forceOff', 'reset'] as const) {
    await expect(power[member](computer, context), member).rejects.toThrow(UnsupportedError);
  }
}

/** Whoever needs what it lacks is told so. */
function expectLack(provisioner: Provisioner, capability: Parameters<typeof need>[1]): void {
  expect(() => need(provisioner, capability)).toThrow(UnsupportedError);
  expect(() => need(provisioner, capability)).toThrow(`${provisioner.name} has no ${capability}`);
}

function expectSoundPlan<Request>(
  plan: readonly PlanStep[],
  steps: Readonly<Record<string, StepImplementation<Request>>>,
): void {
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
  for (const step of plan) {
    expect(step.title).not.toBe('');
    if (step.by === 'operating-system') continue;
    expect(steps[step.kind], `an implementation of ${step.kind}`).toBeDefined();
    expect(steps[step.kind]?.undo !== undefined, `an undo of ${step.kind}`).toBe('title' in step.undo);
  }
}

/** Does one step as a workflow does: asks again while it is too early. */
async function act<Request extends { readonly computer: Computer }>(
  fixture: ProvisionerFixture,
  steps: Readonly<Record<string, StepImplementation<Request>>>,
  request: Request,
  step: PlanStep,
): Promise<Evidence> {
  if (step.by === 'operating-system') {
    await fixture.actOnSystem(request.computer, step);
    return {};
  }
  const deadline = Date.now() + 1000 * (step.deadlineSeconds ?? 60);
  for (;;) {
    try {
      return await steps[step.kind]!.act(request, step, fixture.context);
    } catch (error) {
      if (!(error instanceof NotReadyError) || Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

async function undoTwice<Request>(
  fixture: ProvisionerFixture,
  steps: Readonly<Record<string, StepImplementation<Request>>>,
  request: Request,
  plan: readonly PlanStep[],
): Promise<void> {
  for (const step of plan.toReversed()) {
    await steps[step.kind]?.undo?.(request, step, fixture.context);
    await steps[step.kind]?.undo?.(request, step, fixture.context);
  }
}

let epochs = 0;

/** A run of its own on the node; epochs rise from run to run, as the catalog's do. */
function newFence(computer: Computer, procedure: string): Fence {
  epochs += 1;
  return { node: computer.name, owner: `${procedure}/${computer.name}/${String(epochs)}`, epoch: epochs };
}

function captureRequest(fixture: ProvisionerFixture): CaptureRequest {
  const fence = newFence(fixture.source, 'captureImage');
  return {
    computer: fixture.source,
    revision: revisionFor(fixture, 1),
    fence,
    library: fixture.library,
    staging: libraryPaths(fixture.library).staging(fence.owner),
    allowForcedOff: true,
    shutdownSeconds: 60,
  };
}

async function captureAndPublish(fixture: ProvisionerFixture) {
  const { library, jobs, context } = fixture;
  const capturing = need(fixture.provisioner, 'capturing');
  const request = captureRequest(fixture);
  await openStaging(library, request.fence, context);
  for (const step of await capturing.plan(request, context)) {
    await act(fixture, capturing.steps, request, step);
    await act(fixture, capturing.steps, request, step);
  }
  const staged = await capturing.staged(request, context);
  await verifyStructure(library, request.staging, staged.disks, context);
  const files = staged.disks.map(({ file }) => file);
  const sums = await checksumStaged(library, jobs, { fence: request.fence, files }, context);
  const manifest: Manifest = {
    schema: 1,
    image: request.revision.image,
    revision: request.revision.revision,
    revisionId: request.revision.id,
    operatingSystem: request.revision.operatingSystem,
    disks: staged.disks.map((disk, index) => ({
      ...disk,
      sizeBytes: sums[index]!.identity.sizeBytes,
      sha256: sums[index]!.sha256,
    })),
    source: {
      provisioningSystem: fixture.provisioner.name,
      computer: fixture.source.name,
      run: request.fence.owner,
      ...(staged.definition === undefined ? {} : { definition: staged.definition }),
    },
    cleanShutdown: { kind: staged.forced ? 'forced' : 'clean' },
    sealChecks: [],
    created: request.revision.created,
  };
  const identities = sums.map(({ identity }) => identity);
  return { manifest, copy: await publish(library, request.fence, { manifest, files: identities }, context) };
}

async function loadRequest(fixture: ProvisionerFixture): Promise<LoadRequest> {
  const { manifest, copy } = await captureAndPublish(fixture);
  const fence = newFence(fixture.target, 'loadNode');
  const revision: Revision = { ...revisionFor(fixture, 1), state: 'available', manifest };
  return { computer: fixture.target, revision, copy, fence, library: fixture.library, keepOutgoing: false };
}

function revisionFor({ osModule }: ProvisionerFixture, revision: number): Revision {
  return {
    ...(osModule === undefined ? {} : { osModule }),
    id: 100 + revision,
    imageId: 100,
    image: 'suite',
    revision,
    operatingSystem: 'none',
    state: 'capturing',
    comment: '',
    author: 'suite',
    created: '2024-01-01T00:00:00Z',
  };
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
