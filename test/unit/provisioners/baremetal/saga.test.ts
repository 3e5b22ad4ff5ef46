import { beforeAll, describe, expect, it } from 'vitest';
import type { PlanStep } from '../../../../src/domain/plan.ts';
import {
  captureRun,
  cuts,
  forcedCaptureRun,
  loadRun,
  takenUpRun,
  type BareRun,
  type Cut,
  type CutPoint,
} from '../../../support/baremetal-saga.ts';

type Prepare = () => Promise<BareRun>;

/** `offFrom`: the step that takes the machine off, or finds it so: taken back from there on it is off, and before that left as it is. */
interface Kind {
  readonly prepare: Prepare;
  readonly offFrom: string;
  /** The steps that are its own; absent: all. Those that follow are cut in the first kind. */
  readonly own?: readonly string[];
  /** What the library keeps, and what the run has come to when nobody disturbs it. */
  readonly left: readonly string[];
  readonly end: object;
}

const captured = { power: 'off', bootTarget: 'disk', orders: [], begun: ['capture-disks'], booted: [] };
const loaded = { power: 'on', bootTarget: 'disk', orders: [], begun: ['load-disks'], booted: ['loaded'] };

const kinds: Readonly<Record<string, Kind>> = {
  'a capture': { prepare: captureRun, offFrom: 'seal', left: [], end: captured },
  'a capture of a machine that is deaf to its power button': {
    ...{ prepare: forcedCaptureRun, offFrom: 'force-off', own: ['ask-off', 'confirm-off', 'force-off'] },
    ...{ left: [], end: captured },
  },
  'a capture that takes up another one': {
    ...{ prepare: takenUpRun, offFrom: 'prove-off', own: ['prove-off'] },
    ...{ left: [], end: captured },
  },
  'a load': { prepare: loadRun, offFrom: 'restart', left: ['web-v1/sda.chunks'], end: loaded },
};

async function using<Result>(prepare: Prepare, use: (run: BareRun) => Promise<Result>): Promise<Result> {
  const run = await prepare();
  try {
    return await use(run);
  } finally {
    await run.close();
  }
}

const undisturbed = async (prepare: Prepare) =>
  await using(prepare, async (run) => ({ points: await run.undisturbed(), plan: run.plan, end: await run.end() }));

const stepOf = ({ plan }: BareRun, id: string): PlanStep => plan.find((step) => step.id === id)!;

const isAfterReady = ({ step }: CutPoint): boolean => step.arguments['phase'] === 'afterReady';

/** One run for each point; a step that has acted whole is cut only once. */
async function cutAtEach(
  { prepare, points, cut }: { readonly prepare: Prepare; readonly points: readonly CutPoint[]; readonly cut: Cut },
  use: (run: BareRun, step: PlanStep, what: string) => Promise<void>,
): Promise<void> {
  const whole = [...new Map(points.map((point) => [point.step.id, point])).values()];
  const cutOne = async ({ step: { id }, call }: CutPoint): Promise<void> =>
    await using(prepare, async (run) => {
      const step = stepOf(run, id);
      await run.cutAt({ step, call }, cut);
      await use(run, step, cut === 'failed' ? `failed at ${id}` : `${cut} at ${id}, behind ${call}`);
    });
  await Promise.all((cut === 'failed' ? whole : points).map(cutOne));
}

describe.each(Object.entries(kinds))('%s that is cut at a step', (_name, { prepare, offFrom, own, left, end }) => {
  let whole: Awaited<ReturnType<typeof undisturbed>>;
  let points: readonly CutPoint[];
  beforeAll(async () => {
    whole = await undisturbed(prepare);
    points = whole.points.filter(({ step }) => own?.includes(step.id) ?? true);
  });

  it('ends as it should where nobody cuts it, and can be cut at every step', () => {
    expect(whole.end).toMatchObject(end);
    expect([...new Set(whole.points.map(({ step }) => step.id))]).toEqual(whole.plan.map(({ id }) => id));
  });

  it.each(['failed', 'cancelled'] as const)('and %s leaves nothing of it', async (cut) => {
    const unwound = points.filter((point) => !isAfterReady(point));
    await cutAtEach({ prepare, points: unwound, cut }, async (run, step, what) => {
      await run.unwind(step);
      const power = run.plan.indexOf(step) < run.plan.indexOf(stepOf(run, offFrom)) ? 'on' : 'off';
      expect(run.machine.found(), what).toEqual({ power, bootTarget: 'disk', orders: [] });
      expect(await run.left(), what).toEqual(left);
      expect(run.machine.booted, what).not.toContain('sealed');
      expect(run.machine.booted, what).not.toContain('half written');
    });
  });

  it('and whose worker is killed goes on with another one to the same end, and does nothing twice', async () => {
    await cutAtEach({ prepare, points, cut: 'killed' }, async (run, step, what) => {
      await run.goOn(step);
      expect(await run.end(), what).toEqual(whole.end);
    });
  });
});

it.each(cuts)('a load that was READY and is %s while it closes its order has no way but forward', async (cut) => {
  const { points, end } = await undisturbed(loadRun);
  const closing = points.filter(isAfterReady);
  expect(closing.map(({ call }) => call)).toEqual(['imaging.withdraw']);
  await cutAtEach({ prepare: loadRun, points: closing, cut }, async (run, step, what) => {
    await run.goOn(step);
    expect(await run.end(), what).toEqual(end);
  });
});

describe('the control: what is not taken back', () => {
  const failAt = async (run: BareRun, id: string): Promise<void> =>
    await run.cutAt({ step: stepOf(run, id), call: '' }, 'failed');

  it('remains of a capture until it is', async () => {
    await using(captureRun, async (run) => {
      await failAt(run, 'image');
      expect(run.machine.found()).toEqual({ power: 'off', bootTarget: 'network', orders: ['capture-disks'] });
      const names = ['.capture/disks.json', '.capture/off.json', 'sda.chunks'];
      expect(await run.left()).toEqual(names.map((name) => `.staging/captureImage+source+1/${name}`));
      await run.unwind(stepOf(run, 'image'));
      expect(run.machine.found()).toEqual({ power: 'off', bootTarget: 'disk', orders: [] });
    });
  });

  it('remains of a load until it is', async () => {
    await using(loadRun, async (run) => {
      await failAt(run, 'restart');
      expect(run.machine.found()).toEqual({ power: 'on', bootTarget: 'network', orders: ['load-disks'] });
      await run.unwind(stepOf(run, 'restart'));
      expect(run.machine.found()).toEqual({ power: 'off', bootTarget: 'disk', orders: [] });
    });
  });

  it.each([
    ['sealed', captureRun, 'start'],
    ['half written', loadRun, 'restart'],
  ] as const)('boots a disk that is %s where the order alone is gone', async (onDisk, prepare, id) => {
    await using(prepare, async (run) => {
      await failAt(run, id);
      run.machine.imaging.forget();
      await run.machine.restart();
      expect(run.machine.booted).toEqual([onDisk]);
    });
  });
});
