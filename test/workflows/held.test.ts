import { describe, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { UnauthorizedError, UnavailableError } from '../../src/domain/errors.ts';
import type { Hold } from '../../src/domain/hold.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { actionsOn, failureOf, patience, violationsOn } from '../support/runs.ts';
import { forgetCopies } from '../support/two-management-nodes.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

const fast = { copyBytesPerSecond: 1024 ** 4 };
const by = { by: 'alice', reason: 'mended' };
const copyStep = {
  activity: 'carryOutCaptureStep',
  call: 'provisioner().capturing.steps.copy.act',
  when: 'before',
} as const;

const fillStep = {
  activity: 'carryOutLoadStep',
  call: 'provisioner().loading.steps.fill.act',
  when: 'before',
} as const;

vi.setConfig({ maxConcurrency: 8 });

describe.concurrent('a run that cannot carry a step out', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    const base = { node: await imprint.addNode(fast), image: 'base', operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(base)).result();
  });

  const capture = async (node: string, image: string, more = {}): Promise<RunHandle<unknown>> =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, onFailure: 'hold', ...more });
  const untilHeld = async (run: RunHandle<unknown>, after?: Hold): Promise<Hold> =>
    await vi.waitFor(async () => {
      const hold = await imprint.catalog.holds.find(run.id);
      if (hold === undefined || hold.id === after?.id) throw new Error(`run ${run.id} is not held (again)`);
      return hold;
    }, patience);
  /** A capture that waits at the first call that fails. */
  const holdAt = async (point: Omit<CallPoint, 'node'>, times = 1, more = {}) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    tampering.fail({ ...point, node }, { times });
    const run = await capture(node, image, more);
    return { node, image, run, hold: await untilHeld(run) };
  };
  const attributesOf = async (run: RunHandle<unknown>): Promise<Record<string, unknown>> => {
    const { typedSearchAttributes } = await imprint.temporal.workflow.getHandle(run.id).describe();
    return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  };
  const stateOf = async (node: string): Promise<string> => (await imprint.catalog.computers.get(node)).state;
  const ownerOf = async (node: string): Promise<string | undefined> => (await imprint.catalog.claims.find(node))?.owner;

  it('waits there with its reason wherever somebody looks, and goes on when it is told to try again', async ({
    expect,
  }) => {
    const { node, image, run, hold } = await holdAt(copyStep);
    expect(hold).toMatchObject({ kind: 'failed', step: '5.5', reason: expect.stringMatching(/refused by the test/) });
    expect(hold.answers).toEqual(['retry', 'abort', 'rescue']);
    expect(await stateOf(node)).toBe('maintenance');
    expect(await ownerOf(node)).toBe(run.id);
    await vi.waitFor(async () => {
      const found = await attributesOf(run);
      expect(found).toMatchObject({
        ImprintHeld: 'failed',
        ImprintHeldWhy: expect.stringMatching(/^5\.5 .*refused/),
      });
    }, patience);
    expect((await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5')?.state).toBe('failed');

    // Its settings may be mended meanwhile; who drives it stays.
    await imprint.catalog.computers.edit(node, () => ({ address: 'mended.example' }));
    const edit = imprint.catalog.computers.edit(node, () => ({ managementNode: 'mn-other' }));
    await expect(edit).rejects.toMatchObject({ name: 'ConflictError' });

    await run.answer('retry', by);
    await run.result();
    await expect(imprint.catalog.computers.get(node)).resolves.toMatchObject({ address: 'mended.example' });
    const sealed = (await actionsOn(imprint, node)).filter((action) => action === 'seal');
    expect(sealed).toHaveLength(1);
    expect(await violationsOn(imprint, node)).toEqual([]);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ revisions: ['available'], owner: undefined });
    expect(await imprint.catalog.holds.of(run.id)).toMatchObject([{ answer: { answer: 'retry', ...by } }]);
    expect((await attributesOf(run))['ImprintHeld'] ?? null).toBeNull();
  });

  it('takes a load back although the library that its driver has now has no copy', async ({ expect }) => {
    const { catalog, client } = imprint;
    const image = imprint.fresh('image');
    await (await capture(await imprint.addNode(fast), image)).result();
    const node = await imprint.addNode(fast);
    await (await client.startLoad({ node, image: 'base' })).result();
    tampering.fail({ activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before', node }, { times: 1 });
    const run = await client.startLoad({ node, image, onFailure: 'hold' });
    expect((await untilHeld(run)).step).toBe('7');
    const revision = await catalog.revisions.resolve({ image });
    await forgetCopies(imprint, revision.id);
    await run.answer('abort', by);
    await failureOf(run);
    expect((await catalog.runs.steps(run.id)).filter(({ state }) => state === 'undo-failed')).toEqual([]);
    expect(await client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: 'base-v1' });
  });

  it('takes an answer to the hold that is open, once, and no other', async ({ expect }) => {
    const { run, hold } = await holdAt(copyStep, 2);
    const workflow = imprint.temporal.workflow.getHandle(run.id);
    const said = (message: string) => ({ cause: { message: expect.stringContaining(message) } });
    const update = async (name: string, given: unknown) => await workflow.executeUpdate(name, { args: [given] });
    await expect(update('retry', undefined)).rejects.toMatchObject(said('hold: expected one line'));
    await expect(update('retry', { hold: hold.id, by: '' })).rejects.toMatchObject(said('by: expected'));
    await expect(update('retry', { hold: '5.5#9@x', ...by })).rejects.toMatchObject(said(`waits at hold ${hold.id}`));
    await expect(update('skip', { hold: hold.id, ...by })).rejects.toMatchObject(said('skip does not answer step 5.5'));
    await expect(update('pause', by)).rejects.toMatchObject(said('waits already'));

    await update('retry', { hold: hold.id, ...by });
    const next = await untilHeld(run, hold);
    // The control: that answer did what it said, and is worth nothing any more.
    expect(next.id).not.toBe(hold.id);
    await expect(update('retry', { hold: hold.id, ...by })).rejects.toMatchObject(said('is not open'));
    await run.answer('retry', { ...by, hold: next.id });
    await run.result();
    await expect(run.answer('retry', by)).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it('that is given up takes its steps back', async ({ expect }) => {
    const { node, image, run } = await holdAt(copyStep);
    await run.answer('abort', { by: 'alice', reason: 'wrong machine' });
    const failure = await failureOf(run);
    expect(failure.message).toMatch(/given up by alice at step 5\.5 .*wrong machine.*refused by the test/);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      state: 'maintenance',
      owner: undefined,
      revisions: 'no image',
      staging: [],
      power: 'off',
    });
    expect(await imprint.catalog.holds.find(run.id)).toBeUndefined();
    expect(await violationsOn(imprint, node)).toEqual([]);
  });

  it('that cannot publish its copy may be given up, and keeps the complete copy', async ({ expect }) => {
    const { node, image, run, hold } = await holdAt(
      { activity: 'publishCopy', call: 'library.shell.run', when: 'before' },
      Infinity,
    );
    expect(hold).toMatchObject({ step: '7.1', answers: ['retry', 'abort'] });
    await run.answer('abort', { by: 'alice', reason: 'the library is being replaced' });
    await failureOf(run);
    expect((await run.describe()).outcome).toMatch(/given up by alice at step 7\.1 .*is kept in \S+\.kept/);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      owner: undefined,
      revisions: 'no image',
      staging: [],
    });
    expect(await stateOf(node)).toBe('maintenance');
  });

  it('that is cancelled while it waits takes its steps back', async ({ expect }) => {
    const { node, run } = await holdAt(copyStep);
    await run.cancel();
    await failureOf(run);
    expect((await run.describe()).state).toBe('cancelled');
    expect(await stateOf(node)).toBe('maintenance');
    expect(await ownerOf(node)).toBeUndefined();
  });

  it('gives the machine back to its user where it is rescued, and says what is gone', async ({ expect }) => {
    const { node, image, run } = await holdAt(copyStep);
    await run.answer('rescue', { by: 'alice', reason: 'needed tomorrow' });
    await failureOf(run);
    const { outcome } = await run.describe();
    expect(outcome).toContain(`${node} is on again`);
    expect(outcome).toMatch(/preCapture had done: 5\.1 /);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      state: 'available',
      owner: undefined,
      revisions: 'no image',
      staging: [],
      power: 'on',
    });
  });

  it('simply fails where it was refused before anything was touched', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const check = { activity: 'checkCapture', call: 'provisioner().capturing.check', when: 'before' } as const;
    tampering.fail({ ...check, node }, { times: 1 });
    const run = await capture(node, imprint.fresh('image'));
    await failureOf(run);
    expect(await imprint.catalog.holds.of(run.id)).toEqual([]);
    expect(await stateOf(node)).toBe('available');
  });

  it('takes its steps back at once where it was asked to', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    tampering.fail({ ...copyStep, node }, { times: 1 });
    const run = await capture(node, imprint.fresh('image'), { onFailure: 'unwind' });
    await failureOf(run);
    expect(await imprint.catalog.holds.of(run.id)).toEqual([]);
  });

  it('goes on without a step that allows it, with a reason', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const clear = { activity: 'clearLoadJobs', call: 'catalog.claims.fence', when: 'before' } as const;
    tampering.fail({ ...clear, node }, { times: 1 });
    const run = await imprint.client.startLoad({ node, image: 'base', onFailure: 'hold' });
    const hold = await untilHeld(run);
    expect(hold.answers).toContain('skip');
    await expect(run.answer('skip', { by: 'alice' })).rejects.toThrow('say why');
    await run.answer('skip', by);
    await run.result();
    expect(await stateOf(node)).toBe('available');
  });

  it('of a load that leaves out a step before its copy takes its slot again', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const hook = { activity: 'preReload', call: 'catalog.claims.fence', when: 'before' } as const;
    tampering.fail({ ...hook, node }, { error: new TypeError('no such thing') as never, times: 8 });
    const fill = tampering.hold({ ...fillStep, node });
    const run = await imprint.client.startLoad({ node, image: 'base', onFailure: 'hold' });
    const hold = await vi.waitFor(async () => await untilHeld(run), { ...patience, timeout: 170_000 });
    const holders = async () => (await imprint.catalog.slots.list()).flatMap((resource) => resource.holders);
    expect(hold).toMatchObject({ step: '4', answers: ['retry', 'skip', 'abort'] });
    expect((await holders()).map((holder) => holder.run)).not.toContain(run.id);
    await run.answer('skip', by);
    await fill.reached;
    expect((await holders()).map((holder) => holder.run)).toContain(run.id);
    fill.release();
    await run.result();
  });

  it('of a load keeps nobody else from loading while it waits', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    tampering.fail({ ...fillStep, node }, { times: 1 });
    const run = await imprint.client.startLoad({ node, image: 'base', onFailure: 'hold' });
    await untilHeld(run);
    const holders = (await imprint.catalog.slots.list()).flatMap((resource) => resource.holders);
    expect(holders.map((holder) => holder.run)).not.toContain(run.id);
    await run.answer('retry', by);
    await run.result();
    expect((await actionsOn(imprint, node)).filter((action) => action.startsWith('fill'))).toHaveLength(1);
  });

  it('powers its node for an operator, but never boots what is sealed before its copy is published', async ({
    expect,
  }) => {
    const { node, run, hold } = await holdAt(copyStep);
    const failed = (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5');
    for (const action of ['on', 'reset'] as const) {
      await expect(run.power({ action, ...by })).rejects.toThrow(/is to stay as it is .*; say rescue instead/);
    }
    const other = { action: 'off', ...by } as const;
    await expect(run.power({ ...other, hold: '5.5#9@x' })).rejects.toMatchObject({ name: 'ConflictError' });
    await expect(run.power({ ...other, reason: '' })).rejects.toMatchObject({ name: 'InvalidInputError' });
    const alone = imprint.client.power({ node, action: 'on' });
    await expect(alone).rejects.toThrow(`imprint runs power ${run.id} on|off|reset`);

    expect(await run.power({ action: 'off', force: true, ...by })).toMatchObject({ value: 'off' });
    const [held] = await imprint.catalog.holds.of(run.id);
    expect(held).toMatchObject({
      id: hold.id,
      power: [{ action: 'off', force: true, ...by, reading: { value: 'off', raw: 'shut off (shutdown)' } }],
    });
    // It neither ended the hold nor wrote over what the step has left to look at.
    expect(held).not.toHaveProperty('answer');
    expect((await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5')).toEqual(failed);
    expect(await ownerOf(node)).toBe(run.id);
    await run.answer('retry', by);
    await run.result();
    await expect(run.power(other)).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await violationsOn(imprint, node)).toEqual([]);
  });

  it('of a load lets its node boot only once a whole system is on it, and goes on only when the power is settled', async ({
    expect,
  }) => {
    const node = await imprint.addNode(fast);
    const act = 'provisioner().loading.steps.fill.act';
    tampering.fail({ node, activity: 'carryOutLoadStep', call: act, when: 'before' }, { times: 1 });
    tampering.fail({ node, activity: 'postLoad', call: 'operatingSystem().postLoad', when: 'before' }, { times: 1 });
    const run = await imprint.client.startLoad({ node, image: 'base', onFailure: 'hold' });
    const filling = await untilHeld(run);
    await expect(run.power({ action: 'on', ...by })).rejects.toThrow(/not put a whole system on .*: retry, abort$/);
    await run.answer('retry', by);
    const hold = await untilHeld(run, filling);
    expect(hold.step).toBe('6.2');

    const resetting = tampering.hold({
      node,
      activity: 'powerHeldNode',
      call: 'provisioner().power.reset',
      when: 'before',
    });
    const reset = run.power({ action: 'reset', ...by });
    await resetting.reached;
    await expect(run.power({ action: 'off', ...by })).rejects.toThrow('power reset by alice is under way');
    await run.answer('retry', by);
    await expect(run.power({ action: 'off', ...by, hold: hold.id })).rejects.toThrow(
      'answered already: retry by alice',
    );
    expect(await imprint.catalog.holds.find(run.id)).toMatchObject({ id: hold.id });
    resetting.release();
    expect(await reset).toMatchObject({ value: 'on' });
    await run.result();
    expect(tampering.calls({ node, activity: 'postLoad', call: 'operatingSystem().postLoad' })).toBe(2);
  });

  it('says why its node could not be powered, with the hold, and is given up after that as ever', async ({
    expect,
  }) => {
    const { node, run } = await holdAt({ ...copyStep, call: 'operatingSystem().preCapture' });
    const power = { node, activity: 'powerHeldNode', call: 'provisioner().power.askOff', when: 'before' } as const;
    tampering.fail(power, { error: new UnauthorizedError('the BMC refused'), times: 1 });
    await expect(run.power({ action: 'off', ...by })).rejects.toMatchObject({
      name: 'UnauthorizedError',
      message: expect.stringContaining('the BMC refused'),
    });
    const hanging = tampering.hold(power);
    const off = run.power({ action: 'off', ...by }).catch((error: unknown) => error);
    await hanging.reached;
    await run.cancel();
    hanging.release();
    await failureOf(run);
    await off;
    expect((await run.describe()).state).toBe('cancelled');
    expect(await ownerOf(node)).toBeUndefined();
    expect((await imprint.catalog.holds.of(run.id))[0]?.power[0]).toMatchObject({ error: 'the BMC refused' });
  });

  it('waits before its next step when it is asked to pause, and goes on when it is told to', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const held = tampering.hold({ ...copyStep, node });
    const run = await capture(node, imprint.fresh('image'));
    await held.reached;
    await run.pause({ by: 'bob', reason: 'switch' });
    held.release();
    const hold = await untilHeld(run);
    expect(hold).toMatchObject({ kind: 'paused', step: '6.1', answers: ['resume', 'abort', 'rescue'] });
    expect(hold.reason).toContain('bob asked for a pause');
    expect(await stateOf(node)).toBe('capturing');
    await run.answer('resume', by);
    await run.result();
  });

  it('whose undo fails too waits with what could not be taken back, and tries only that again', async ({ expect }) => {
    const { node, image, run } = await holdAt(copyStep);
    const remove = { node, activity: 'removeStaging', call: 'catalog.claims.fence', when: 'before' } as const;
    tampering.fail(remove, { times: 1 });
    const others = { node, activity: 'undoCaptureStep', call: 'catalog.claims.fence' } as const;
    const failed = await untilHeld(run);
    await run.answer('abort', by);
    const stuck = await untilHeld(run, failed);
    expect(stuck).toMatchObject({ kind: 'stuck', step: '5', answers: ['retry', 'abort'] });
    // The others were done, and the node is still the run's.
    expect(tampering.calls(others)).toBe(1);
    expect(await ownerOf(node)).toBe(run.id);
    await run.answer('retry', by);
    await failureOf(run);
    expect(tampering.calls(others)).toBe(1);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      owner: undefined,
      staging: [],
      revisions: 'no image',
    });
  });

  it('waits also before anything was touched where retries were used up', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const plan = { activity: 'planCapture', call: 'provisioner().capturing.plan', when: 'before' } as const;
    tampering.fail({ ...plan, node }, { error: new TypeError('no such thing') as never, times: 8 });
    const run = await capture(node, imprint.fresh('image'));
    const hold = await vi.waitFor(async () => await untilHeld(run), { ...patience, timeout: 170_000 });
    expect(hold).toMatchObject({ step: '4', answers: ['retry', 'abort'] });
    await run.answer('retry', by);
    await run.result();
    expect(await stateOf(node)).toBe('available');
  });

  it('is not disturbed by what is tried again by itself', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    tampering.fail({ ...copyStep, node }, { error: new UnavailableError('not now'), times: 2 });
    const run = await capture(node, imprint.fresh('image'));
    await run.result();
    expect(await imprint.catalog.holds.of(run.id)).toEqual([]);
  });
});
