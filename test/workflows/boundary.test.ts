import type { Info } from '@temporalio/activity';
import { ActivityCancellationDetails, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBoundary } from '../../src/activities/boundary.ts';
import type { Pulse } from '../../src/activities/pulse.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import {
  CommandFailedError,
  IntegrityError,
  NotReadyError,
  OutcomeUnknownError,
  UnavailableError,
} from '../../src/domain/errors.ts';
import type { StepInput, StepLine } from '../../src/domain/step-input.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';

const run = 'captureImage/lab-01/one';
const line: StepLine = { number: '5.5', title: 'Copy vda' };
const inputOf = (step: StepLine): StepInput => ({ run, node: 'lab-01', step });

describe('the boundary of the activities', () => {
  let database: TestDatabase;
  let catalog: Catalog;

  beforeAll(async () => {
    if (whyUnavailable('postgres') !== undefined) return;
    database = await testDatabase();
    catalog = await createCatalog(database);
    await catalog.runs.register({ id: run, procedure: 'captureImage', node: 'lab-01', input: {} });
  });
  beforeEach((context) => skipWithout(context, 'postgres'));
  afterAll(async () => {
    if (whyUnavailable('postgres') !== undefined) return;
    await catalog.close();
    await database.drop();
  });

  const environment = (info: Partial<Info>): MockActivityEnvironment =>
    new MockActivityEnvironment(
      { attempt: 30, ...info },
      { interceptors: [createBoundary(catalog, { stallAfterMs: 600_000 })], logger: new DefaultLogger('ERROR') },
    );

  const afterTries = async (failedTries: number, error: Error, step: StepLine = line): Promise<ApplicationFailure> => {
    const details: Pulse = { failedTries };
    const fails = async (_input: StepInput): Promise<void> => await Promise.reject(error);
    const thrown: unknown = await environment({ heartbeatDetails: details })
      .run(fails, inputOf(step))
      .catch((failure: unknown) => failure);
    if (thrown instanceof ApplicationFailure) return thrown;
    throw new Error('the activity threw something else', { cause: thrown });
  };
  const recorded = async () => (await catalog.runs.steps(run)).find(({ number }) => number === line.number);

  it('gives up what a retry may mend after eight errors, however many attempts lost their worker', async () => {
    const refused = new CommandFailedError('the host says no');
    expect(await afterTries(0, refused)).toMatchObject({ nonRetryable: false });
    expect(await afterTries(6, refused)).toMatchObject({ nonRetryable: false });
    expect(await recorded()).toMatchObject({ state: 'running' });
    expect(await afterTries(7, refused)).toMatchObject({ nonRetryable: true, type: 'CommandFailedError' });
    expect(await recorded()).toMatchObject({ state: 'failed', error: 'the host says no' });
  });

  it.each([new UnavailableError('nothing answers'), new OutcomeUnknownError('the answer was lost')])(
    'is more patient where nobody answers: $name',
    async (unanswered) => {
      expect(await afterTries(23, unanswered)).toMatchObject({ nonRetryable: false });
      expect(await afterTries(24, unanswered)).toMatchObject({ nonRetryable: true, type: unanswered.name });
    },
  );

  it('gives up at once what was refused for good, also of an undo', async () => {
    const refused = new IntegrityError('the copy is damaged', { evidence: { file: 'vda' } });
    expect(await afterTries(0, refused)).toMatchObject({ nonRetryable: true, details: [{ file: 'vda' }] });
    expect(await afterTries(0, refused, { ...line, undo: true })).toMatchObject({ nonRetryable: true });
    expect(await recorded()).toMatchObject({ state: 'undo-failed', error: 'the copy is damaged' });
  });

  it.each([
    ['an undo', { undo: true }],
    ['a step that has no way but forward', { untilDone: true }],
  ] as const)('never gives up %s', async (_what, kind) => {
    const answer = await afterTries(500, new UnavailableError('nothing answers'), { ...line, ...kind });
    expect(answer).toMatchObject({ nonRetryable: false });
  });

  it('tries a mistake in the program again, but not for ever', async () => {
    expect(await afterTries(0, new TypeError('x is undefined'))).toMatchObject({
      nonRetryable: false,
      type: 'TypeError',
    });
    expect(await afterTries(7, new TypeError('x is undefined'))).toMatchObject({ nonRetryable: true });
  });

  it('keeps what waits for something out of the worker’s error log', async () => {
    expect(await afterTries(0, new NotReadyError('it is still on'))).toMatchObject({ category: 'BENIGN' });
    expect(await afterTries(0, new UnavailableError('nothing answers'))).toMatchObject({ category: undefined });
  });

  it('keeps the error of a step that is undone', async () => {
    await afterTries(0, new IntegrityError('the copy is damaged'));
    await environment({}).run(async (_input: StepInput) => ({ removed: 1 }), inputOf({ ...line, undo: true }));
    expect(await recorded()).toMatchObject({ state: 'undone', error: 'the copy is damaged' });
  });

  it('records a list as an object, since evidence is one', async () => {
    await environment({}).run(async (_input: StepInput) => ['copy', 'verify'], inputOf(line));
    expect(await recorded()).toMatchObject({ state: 'done', evidence: { list: ['copy', 'verify'] } });
  });

  describe('when the abort signal comes', () => {
    const interrupted = async (details: ConstructorParameters<typeof ActivityCancellationDetails>[0]) => {
      const mocked = environment({});
      const waits = async (_input: StepInput): Promise<void> => {
        mocked.cancel('CANCELLED', new ActivityCancellationDetails(details));
        return await Promise.reject(new Error('aborted'));
      };
      return await mocked.run(waits, inputOf(line)).catch((failure: unknown) => failure);
    };

    it('ends as cancelled only when a cancellation was asked for', async () => {
      expect(await interrupted({ cancelRequested: true })).toBeInstanceOf(CancelledFailure);
    });

    it.each(['paused', 'timedOut', 'workerShutdown', 'notFound', 'reset'] as const)(
      'lets the next attempt attach to the work when the reason is %s',
      async (reason) => {
        const failure = await interrupted({ [reason]: true });
        expect(failure).toMatchObject({ type: 'Detached', nonRetryable: false });
      },
    );
  });
});
