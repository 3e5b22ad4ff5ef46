import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import * as workflows from '../../src/workflows/index.ts';
import { controlsOf } from './controls.ts';
import { activitySummaries } from '../support/temporal-ui.ts';
import { readHistories, recordedIn, type RecordedHistory } from './history-files.ts';
import { readReleased } from './released.ts';

interface StartedEvent {
  readonly workflowExecutionStartedEventAttributes?: { readonly workflowId?: string };
}

const histories = await readHistories('histories');
const controls = await readHistories('controls');
const released = await readReleased(fileURLToPath(new URL('.', import.meta.url)));
const ofReleases = await Promise.all(
  released.map(async ({ version }) => {
    const kept = await readHistories(`released/${version}`);
    return kept.map((one) => ({ ...one, name: `${one.name} of ${version}` }));
  }),
);
const title = ({ workflow, name }: RecordedHistory): string => `${workflow}, ${name}`;

describe('the procedures as they are now', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR', () => undefined);
    // The controls are meant to fail: what the SDK says of that is looked at in the answer.
    Runtime.install({ logger, telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } } });
    const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  });

  const replay = async ({ workflow, history }: RecordedHistory): Promise<Error | undefined> => {
    // What a run derives its names from is its id.
    const [started] = history.events as readonly StartedEvent[];
    const workflowId = started?.workflowExecutionStartedEventAttributes?.workflowId ?? `${workflow}/lab/replayed`;
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId, history }]))
      return error;
    return undefined;
  };

  it.each([...histories, ...ofReleases.flat()].map((one) => [title(one), one] as const))(
    'go on with a run that was recorded: %s',
    async (_title, one) => {
      expect(await replay(one)).toBeUndefined();
    },
  );

  it.each(controls.map((one) => [title(one), one] as const))(
    'refuse a history that they could not have made: %s',
    async (_title, one) => {
      expect(await replay(one)).toMatchObject({ name: 'DeterminismViolationError' });
    },
  );
});

describe('the recorded histories', () => {
  it('are of success, of failure and of cancellation, for both procedures', () => {
    const ends = (workflow: string): readonly (string | undefined)[] =>
      histories.filter((one) => one.workflow === workflow).map(({ history }) => history.events.at(-1)?.eventType);
    for (const workflow of ['captureImage', 'loadNode']) {
      expect(ends(workflow)).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
      expect(ends(workflow)).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_FAILED');
      expect(ends(workflow)).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED');
    }
  });

  it('are there for every workflow that a worker has', () => {
    expect([...new Set(histories.map(({ workflow }) => workflow))].sort()).toEqual(Object.keys(workflows).sort());
  });

  it('stay well below the limit of 300 events', () => {
    for (const { history } of histories) expect(history.events.length).toBeLessThan(300);
  });

  it("say of every activity what it does, for the lists of Temporal's UI", () => {
    const without = (events: RecordedHistory['history']['events']): readonly string[] =>
      activitySummaries(events).flatMap(({ activity, summary }) => (summary.trim() === '' ? [activity] : []));
    for (const { history } of histories) expect(without(history.events)).toEqual([]);

    const captures = histories.filter(({ workflow }) => workflow === 'captureImage');
    const [first] = captures.map(({ history }) => history.events.map(({ userMetadata: _, ...event }) => event));
    expect(without(first ?? [])).toContain('claimForCapture');
  });

  it('hold no secret, and tell nothing of the machine on which they were recorded', () => {
    for (const { history } of histories) {
      const text = JSON.stringify(history).replace(/"data":"([A-Za-z0-9+/=]+)"/g, (_all, data: string) =>
        Buffer.from(data, 'base64').toString('utf8'),
      );
      expect(text).not.toContain(process.cwd());
      expect(text).not.toMatch(/PRIVATE KEY|AAAAtest|node_modules|file:\/\/|\/root\/(?!currentimage|\.ssh|\.bash)/);
      const temporary = [...text.matchAll(/\/tmp\/[A-Za-z0-9-]+/g)].map(([path]) => path);
      expect(new Set(temporary.filter((path) => path !== '/tmp/scratch'))).toEqual(
        new Set(temporary.length > 0 ? [recordedIn] : []),
      );
    }
  });

  it('are what the controls were made of', () => {
    expect(controls.map(title).sort()).toEqual(histories.flatMap(controlsOf).map(title).sort());
    expect(controls.length).toBeGreaterThanOrEqual(8);
  });
});
