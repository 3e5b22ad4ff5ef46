import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBoundary } from '../../src/activities/boundary.ts';
import { callContext } from '../../src/activities/call.ts';
import type { Pulse } from '../../src/activities/pulse.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import type { StepInput } from '../../src/domain/step-input.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';

const run = 'captureImage/lab-01/one';
const inputOf = (number: string): StepInput => ({ run, node: 'lab-01', step: { number, title: 'Copy vda' } });
const at = (fraction: number) => ({ what: 'Copy vda', job: 'copy-vda', fraction });

describe('an activity', () => {
  let database: TestDatabase;
  let catalog: Catalog;
  const logged: LogEntry[] = [];

  beforeAll(async () => {
    if (whyUnavailable('postgres') !== undefined) return;
    database = await testDatabase();
    catalog = await createCatalog(database);
    await catalog.runs.register({ id: run, procedure: 'captureImage', node: 'lab-01', input: {} });
  });
  beforeEach((context) => {
    logged.length = 0;
    skipWithout(context, 'postgres');
  });
  afterAll(async () => {
    if (whyUnavailable('postgres') !== undefined) return;
    await catalog.close();
    await database.drop();
  });

  const environment = (info: Partial<Info> = {}): MockActivityEnvironment =>
    new MockActivityEnvironment(info, {
      interceptors: [createBoundary(catalog, { stallAfterMs: 1_000 })],
      logger: new DefaultLogger('INFO', (entry) => void logged.push(entry)),
    });
  const stepOf = async (number: string) =>
    (await catalog.runs.steps(run)).find((recorded) => recorded.number === number);
  const patience = { timeout: 20_000, interval: 50 };

  describe('whose work does not move', () => {
    const stalled = 'no progress for 1 s, at 43 %; it goes on waiting';

    it('is shown as stalled in the record, in the heartbeat and in the log, goes on, and says when it moves again', async () => {
      const mocked = environment();
      let pulse: Pulse | undefined;
      mocked.on('heartbeat', (told: Pulse) => {
        pulse = told;
      });
      const evidence = await mocked.run(async (_input: StepInput) => {
        callContext().progress(at(0.43));
        await vi.waitFor(async () => expect((await stepOf('5.1'))?.evidence).toMatchObject({ stalled }), patience);
        expect(pulse).toMatchObject({ fraction: 0.43, stalledSince: pulse?.movedAt });
        callContext().progress(at(0.43));
        expect(pulse).toHaveProperty('stalledSince');
        callContext().progress(at(0.44));
        expect(pulse).not.toHaveProperty('stalledSince');
        let fraction = 0.44;
        const { progress } = callContext();
        const moving = setInterval(() => progress(at((fraction += 0.001))), 100);
        await vi.waitFor(async () => expect(await stepOf('5.1')).not.toHaveProperty('evidence'), patience);
        clearInterval(moving);
        return { bytes: 7 };
      }, inputOf('5.1'));
      expect(evidence).toEqual({ bytes: 7 });
      expect(await stepOf('5.1')).toMatchObject({ state: 'done', evidence: { bytes: 7 } });
      expect(logged.map(({ message }) => message)).toEqual(['Step has stalled', 'Step moves again']);
    });

    it('is not the same as one that waits for something, which has a time limit of its own (control)', async () => {
      const ticks: Pulse[] = [];
      const mocked = environment();
      mocked.on('heartbeat', (pulse: Pulse) => ticks.push(pulse));
      await mocked.run(async (_input: StepInput) => {
        callContext().progress({ what: 'Wait until lab-01 is off' });
        await vi.waitFor(() => expect(ticks.length).toBeGreaterThan(3), patience);
      }, inputOf('5.2'));
      expect(logged).toEqual([]);
      expect(ticks.filter(({ stalledSince }) => stalledSince !== undefined)).toEqual([]);
    });

    it('has moved while nobody watched it, unless it is where the attempt before had seen it', async () => {
      const heartbeatDetails = { ...at(0.43), failedTries: 0, movedAt: '2026-03-01T12:00:00.000Z' };
      const firstPulse = async (fraction: number): Promise<Pulse | undefined> => {
        const mocked = environment({ heartbeatDetails });
        let pulse: Pulse | undefined;
        mocked.on('heartbeat', (told: Pulse) => {
          pulse = told;
        });
        await mocked.run(
          async (_input: StepInput) => await Promise.resolve(callContext().progress(at(fraction))),
          inputOf('5.3'),
        );
        return pulse;
      };
      expect((await firstPulse(0.43))?.movedAt).toBe(heartbeatDetails.movedAt);
      expect(Date.parse((await firstPulse(0.44))?.movedAt ?? '')).toBeGreaterThan(Date.parse(heartbeatDetails.movedAt));
    });
  });

  describe('whose process stood still', () => {
    /** As after SIGSTOP and SIGCONT: nothing of this process ran meanwhile. */
    const standStill = (milliseconds: number): void =>
      void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    const actAfterStandingStill = async (heartbeatTimeoutMs: number): Promise<unknown> =>
      await environment({ heartbeatTimeoutMs })
        .run(async (_input: StepInput) => {
          const context = callContext();
          standStill(1_200);
          context.signal.throwIfAborted();
          return await Promise.resolve('acted');
        }, inputOf('5.4'))
        .catch((failure: unknown) => failure);

    it('for longer than its lease does not act, and lets the next attempt go on', async () => {
      expect(await actAfterStandingStill(5_000)).toMatchObject({ type: 'Detached', nonRetryable: false });
      expect(await stepOf('5.4')).toMatchObject({ state: 'running' });
    });

    it('for less acts (control)', async () => {
      expect(await actAfterStandingStill(15_000)).toBe('acted');
    });
  });
});
