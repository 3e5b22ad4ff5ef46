import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { loadWorkerConfig } from '../../src/config.ts';
import { activitiesCalledBy } from '../support/activities-of-procedure.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import { startCutFront } from '../support/cut-front.ts';
import type { FreezePoint, ThawedCall } from '../support/freezing.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { violationsOn } from '../support/runs.ts';
import { difference, openSnapshots, type Snapshots } from '../support/snapshot.ts';
import { standstillsOf, traceActs, type Standstill } from '../support/traced-acts.ts';
import { whyUnavailable } from '../support/unavailable.ts';
import { watchCalls } from '../support/watch-calls.ts';
import { resume, type WorkerProcess } from '../support/worker-process.ts';

/** The machine may be busy with other tests. */
const patience = { timeout: 240_000, interval: 100 };

/**
 * They come only where a run waits for an operator or moves to another management node, where its node was left by another run, or where its library has
 * no copy.
 */
const elsewhere = [
  'bringCopy',
  'checkMove',
  'leaveCopy',
  'leaveSlot',
  'listPrepared',
  'moveRun',
  'recordAnswer',
  'recordHold',
  'recordParked',
  'takeOver',
  'takeSlotAgain',
];

type Procedure = 'load' | 'capture' | 'load that fails' | 'capture that fails';

/** A run in which a worker stands still, once. */
interface Frozen extends Standstill {
  readonly procedure: Procedure;
  readonly node: string;
  readonly image: string;
  readonly unguarded?: true;
}

describe('a worker that stood still right before an act, or within one, while another one took its work over', () => {
  let imprint: TestImprint;
  let snapshots: Snapshots;
  let seen: ReadonlySet<string>;
  let frozen: readonly Frozen[];
  /** By the node. */
  let ends: ReadonlyMap<string, { readonly run: string; readonly end: string }>;
  let changed: readonly string[];
  let stale: WorkerProcess;

  const prepare = async (procedure: Procedure): Promise<Pick<Frozen, 'procedure' | 'node' | 'image'>> => {
    const node = await imprint.addNode();
    if (procedure === 'load that fails') await imprint.world.inject({ node, at: 'postLoad', kind: 'refuse' });
    if (procedure === 'capture that fails') await imprint.world.inject({ node, at: 'copy-vda', kind: 'damage' });
    // Machines begin to exist when they are first looked at, which is nobody's act.
    await imprint.world.machine(await imprint.catalog.computers.get(node));
    const isLoad = procedure === 'load' || procedure === 'load that fails';
    return { procedure, node, image: isLoad ? 'base' : imprint.fresh('image') };
  };
  const start = async ({ procedure, node, image }: Pick<Frozen, 'procedure' | 'node' | 'image'>) =>
    procedure === 'load' || procedure === 'load that fails'
      ? await imprint.client.startLoad({ node, image })
      : await imprint.client.startCapture({ node, image, after: 'powerOn', operatingSystem: simulatedSystem });

  /** What changes something in these procedures, and where a worker can stand still in it: from runs that nobody disturbs. */
  const findStandstills = async (): Promise<readonly (Standstill & Pick<Frozen, 'procedure'>)[]> => {
    const traced = traceActs(snapshots);
    const config = loadWorkerConfig(imprint.environment);
    const worker = await imprint.startWorkerHere((deps) => watchCalls(deps, config, traced.around));
    await captureFreshNode(imprint, 'base');
    const found = new Map<string, Standstill & Pick<Frozen, 'procedure'>>();
    for (const procedure of ['load', 'capture', 'load that fails', 'capture that fails'] as const) {
      const run = await prepare(procedure);
      traced.trace(run.node);
      await endOf(await start(run));
      const all = traced.activitiesOf(run.node).flatMap((activity) => standstillsOf(activity));
      for (const one of all) {
        const key = [one.act.activity, one.within, one.act.call, one.act.nth].join(' ');
        if (!found.has(key)) found.set(key, { ...one, procedure });
      }
    }
    await worker.stop();
    seen = traced.seen();
    return [...found.values()];
  };

  withImprint(
    async (started) => {
      imprint = started;
      for (const resource of ['management-node/mn-test', 'library/mn-test']) {
        await imprint.catalog.slots.setCapacity(resource, 1_000);
      }
    },
    { settings: { IMPRINT_LONG_SLOTS: '100' } },
  );

  beforeAll(async () => {
    if ((whyUnavailable('temporal') ?? whyUnavailable('postgres')) !== undefined) return;
    snapshots = await openSnapshots(imprint);
    const standstills = await findStandstills();
    const controls = standstills.filter(isPowerCut).map((one) => ({ ...one, unguarded: true as const }));
    frozen = await Promise.all(
      [...standstills, ...controls].map(async (one) => ({ ...one, ...(await prepare(one.procedure)) })),
    );
    const front = await startCutFront(imprint.server.address);
    stale = await imprint.startFreezingWorker(frozen.map(pointOf), { TEMPORAL_ADDRESS: front.address });
    const runs = await Promise.all(frozen.map(start));
    await vi.waitFor(async () => expect(await stateOf(stale)).toBe('T'), patience);
    // Else the server would hand the next attempts to the open polls of the one that stands still.
    front.cut();
    await imprint.startWorker();
    const all = await Promise.all(runs.map(endOf));
    ends = new Map(frozen.map((one, index) => [one.node, { run: runs[index]?.id ?? '', end: all[index] ?? '' }]));

    const before = await snapshots.take();
    resume(stale);
    await vi.waitFor(() => expect(thawedOf(stale)).toHaveLength(frozen.length), patience);
    await stale.drain();
    changed = difference(before, await snapshots.take());
    await snapshots.close();
  }, 600_000);

  const guarded = (): readonly Frozen[] => frozen.filter(({ unguarded }) => unguarded === undefined);
  const controls = (): readonly Frozen[] => frozen.filter(({ unguarded }) => unguarded);
  const machineOf = async (node: string) => await imprint.world.machine(await imprint.catalog.computers.get(node));
  const outcomesOf = (within: string): readonly string[] =>
    guarded()
      .filter((one) => one.within === within)
      .map(({ node }) => thawedOf(stale).find(({ thawed }) => thawed === node)?.outcome ?? '');

  it('has stood still in every activity of captureImage and loadNode that changes something', async () => {
    const called = await activitiesCalledBy('capture-image.ts', 'load-node.ts');

    expect(called.filter((name) => !seen.has(name))).toEqual(elsewhere);
    expect(new Set(frozen.map(({ act }) => act.activity)).size).toBeGreaterThan(20);
    expect(guarded().filter(({ where }) => where === 'between two of its effects').length).toBeGreaterThan(6);
  });

  it('does not keep the runs from ending as they do undisturbed, each effect made once and nothing left', async () => {
    for (const { node, procedure, image, act } of guarded()) {
      const { run, end } = ends.get(node) ?? { run: '', end: '' };
      const { effects } = await machineOf(node);
      const twice = Object.entries(effects).filter(([, times]) => times !== 1);
      expect([act.call, end, twice]).toEqual([act.call, expect.stringMatching(endsOf[procedure]), []]);
      expect(await leftoversOf(imprint, run, image)).toMatchObject({ owner: undefined, slots: [], staging: [] });
      expect(await violationsOn(imprint, node)).toEqual([]);
    }
  });

  it('does not act when it goes on: nothing changes, in the catalog, in the library, or on a machine', () => {
    expect(changed.filter((line) => !controls().some(({ node }) => line.includes(node)))).toEqual([]);
  });

  it('cuts the power of a machine in use when neither its epoch nor its lease keeps it from that (control)', async () => {
    expect(controls()).toHaveLength(1);
    for (const { node } of controls()) {
      const { power, effects } = await machineOf(node);
      expect([power, effects[`stop ${ends.get(node)?.run ?? ''}`]]).toEqual(['off', 2]);
    }
  });

  it('sends no command to a guest whose lease it has lost, and one that was past that look ends with the connection', () => {
    const guest = /stopped for longer than its lease|the connection was lost|nothing answers|its host key is not/;
    for (const command of ['operatingSystem().preCapture', 'operatingSystem().seal']) {
      const [before, ...nearest] = outcomesOf(command);
      expect(before).toMatch('stopped for longer than its lease');
      expect(nearest).not.toEqual([]);
      expect(nearest.filter((outcome) => outcome.startsWith('refused') && !guest.test(outcome))).toEqual([]);
    }
  });

  it('finds a machine on that it was about to power on: that is all that guards a command for power on its way', () => {
    const [before, nearest] = outcomesOf('provisioner().power.on');
    expect(before).toMatch('stopped for longer than its lease');
    expect(nearest).toMatch('answered {"power":"on"');
  });
});

const endsOf: Readonly<Record<Procedure, RegExp>> = {
  load: /^completed$/,
  capture: /^completed$/,
  'load that fails': /refused as the world has it$/,
  'capture that fails': /it is not a simulated disk$/,
};

/** The act that does most harm when it comes late. */
function isPowerCut({ within }: Standstill): boolean {
  return within === 'provisioner().loading.steps.stop.act';
}

function pointOf({ node, act, unguarded }: Frozen): FreezePoint {
  const { activity, activityId, call, nth } = act;
  return { node, activity, activityId, call, nth, ...(unguarded === undefined ? {} : { unguarded }) };
}

async function endOf(run: RunHandle<unknown>): Promise<string> {
  return await run.result().then(
    () => 'completed',
    (error: unknown) => String(error),
  );
}

/** `T` when it is stopped. */
async function stateOf({ pid }: WorkerProcess): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[0] ?? '';
}

function thawedOf(worker: WorkerProcess): readonly ThawedCall[] {
  const lines = worker.log().split('\n');
  return lines.filter((line) => line.startsWith('{"thawed"')).map((line) => JSON.parse(line) as ThawedCall);
}
