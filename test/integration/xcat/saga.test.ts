import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanStep } from '../../../src/domain/plan.ts';
import { createXcatFixture, type XcatFixture } from '../../support/xcat-fixture.ts';
import { captureRun, cuts, loadRun, type XcatRun } from '../../support/xcat-saga.ts';

let fixture: XcatFixture;

beforeAll(async () => {
  fixture = await createXcatFixture();
  await fixture.double.delay('farewell', 0.1);
});
afterAll(() => fixture.close());

const kinds = {
  'a capture by the imaging environment': async () => await captureRun(fixture, 'repository'),
  'a capture with imgcapture': async () => await captureRun(fixture, 'rootimg'),
  'a load': async () => await loadRun(fixture),
} as const;

const factsOf = async ({ node }: XcatRun) => {
  const facts = ['power', 'boot', 'profile', 'disk'].map(async (name) => await fixture.double.fact(node, name));
  const [power, boot, profile, disk] = await Promise.all(facts);
  return { power, boot, profile, disk };
};
const eventsOf = async ({ node }: XcatRun): Promise<readonly string[]> => {
  const events = await fixture.double.events();
  return events.filter((event) => event.startsWith(`${node} `)).map((event) => event.slice(node.length + 1));
};
/** The node after a run that was taken back: it boots its disk, which is as it was unless a load has begun to write it; then it stays off. */
const leftOf = async (kind: string, run: XcatRun): Promise<Readonly<Record<string, string>>> => {
  const own = { boot: 'boot', profile: 'compute' };
  const disk = 'the disk of a machine\n';
  if (kind !== 'a load') return { ...own, disk };
  const began = (await eventsOf(run)).some((event) => event.startsWith('deployment'));
  return began ? { ...own, power: 'off' } : { ...own, disk };
};

describe.each(Object.entries(kinds))('%s that is cut at a step', (kind, prepare) => {
  const stepsOf = async (): Promise<readonly PlanStep[]> =>
    (await prepare()).plan.filter(({ arguments: { phase } }) => phase !== 'afterReady');

  it.each(cuts.filter((cut) => cut !== 'killed'))('and %s leaves nothing of it', async (cut) => {
    const undone = async (id: string): Promise<void> => {
      const run = await prepare();
      const step = run.plan.find((one) => one.id === id)!;
      await run.cutAt(step, cut);
      await run.unwind(step);
      const what = `${cut} at ${id}`;
      // What was placed for a load stays: other loads of the revision share it.
      const placed = kind === 'a load' ? [expect.stringMatching(/\/repository\/saga\d+-v1\.img\.gz$/)] : [];
      expect(await run.left(), what).toEqual(placed);
      expect(await factsOf(run), what).toMatchObject(await leftOf(kind, run));
      // A sealed system is never booted again.
      if (kind.includes('environment')) expect(await eventsOf(run), what).not.toContain('boot');
    };
    await Promise.all((await stepsOf()).map(async ({ id }) => await undone(id)));
    // That of an osimage is about no node.
    const overlaps = (await fixture.double.overlaps()).filter((one) => !one.startsWith('lsdef -t osimage'));
    expect(overlaps).toEqual([]);
  });

  it('and whose worker is killed goes on with another one, and does nothing twice', async () => {
    const goesOn = async (id: string): Promise<void> => {
      const run = await prepare();
      const step = run.plan.find((one) => one.id === id)!;
      await run.cutAt(step, 'killed');
      await run.goOn(step);
      const events = await eventsOf(run);
      const [once, never] =
        kind === 'a load' ? (['deployment', 'imaging'] as const) : (['imaging', 'deployment'] as const);
      const times = (what: string): number => events.filter((event) => event.startsWith(what)).length;
      const expected = kind.includes('imgcapture') ? 0 : 1;
      expect([times(once), times(never)], `killed at ${id}`).toEqual([expected, 0]);
    };
    await Promise.all((await stepsOf()).map(async ({ id }) => await goesOn(id)));
  });
});

it('the control: what is not taken back remains', async () => {
  const run = await captureRun(fixture, 'repository');
  const image = run.plan.find(({ id }) => id === 'image')!;
  await run.cutAt(image, 'failed');
  expect(await run.left()).not.toEqual([]);
  expect(await factsOf(run)).toMatchObject({ power: 'on', boot: 'image' });
  expect(await readdir(fixture.double.repository)).not.toEqual([]);
  await run.unwind(image);
  expect(await factsOf(run)).toMatchObject({ power: 'off', boot: 'boot' });
});
