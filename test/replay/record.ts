import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { RunHandle } from '../../src/client.ts';
import type { AfterCapture } from '../../src/domain/run.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { simulatedSystem, startImprint, type TestImprint } from '../support/imprint.ts';
import { createTampering, type CallPoint } from '../support/tampering.ts';
import { controlsOf } from './controls.ts';
import { formatHistory, scrub, type RecordedHistory } from './history-files.ts';
import { formatCode } from './keep-released.ts';
import type { Recorder, Scenario } from './scenario.ts';
import { serviceScenarios } from './service-scenarios.ts';
import { shortScenarios } from './short-scenarios.ts';
import { readSet } from './released.ts';
import { digestWorkflows, type CodeDigests } from './workflow-code.ts';
import { xcatScenarios } from './xcat-scenarios.ts';

/**
 * Records histories of all procedures on the simulated world, and their tampered copies: `npm run histories:record`. Run it when a change of
 * a procedure is meant; the replay of the old histories says whether runs that are under way survive that change. Those of released versions
 * (`released/`) are not touched. Names of workflows as arguments: only theirs are recorded anew.
 */

const here = dirname(fileURLToPath(import.meta.url));

const scenarios: readonly Scenario[] = [
  ...shortScenarios,
  ...serviceScenarios,
  ...xcatScenarios,
  { workflow: 'captureImage', name: 'left-off', run: async (recorder) => await capture(recorder, 'leaveOff') },
  { workflow: 'captureImage', name: 'reloaded', run: async (recorder) => await capture(recorder, 'reload') },
  { workflow: 'captureImage', name: 'powered-on', run: async (recorder) => await capture(recorder, 'powerOn') },
  { workflow: 'captureImage', name: 'refused-input', run: async ({ imprint }) => await startRefused(imprint) },
  {
    workflow: 'captureImage',
    name: 'failed-and-unwound',
    run: async (recorder) =>
      await failing(recorder, { activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'after' }),
  },
  {
    workflow: 'captureImage',
    name: 'failed-after-publishing',
    run: async (recorder) =>
      await failing(recorder, { activity: 'clearJobs', call: 'library.shell.run', when: 'before' }),
  },
  {
    workflow: 'captureImage',
    name: 'cancelled-while-copying',
    run: async (recorder) =>
      await cancelled(
        recorder,
        beforeCall('carryOutCaptureStep', 'provisioner().capturing.steps.copy.act'),
        async (node) => await capture(recorder, 'reload', node),
      ),
  },
  {
    workflow: 'captureImage',
    name: 'cancelled-while-publishing',
    run: async (recorder) =>
      await cancelled(
        recorder,
        beforeCall('publishCopy', 'library.shell.run'),
        async (node) => await capture(recorder, 'reload', node),
      ),
  },
  {
    workflow: 'captureImage',
    name: 'held-and-retried',
    run: async (recorder) => await held(recorder, 'retry'),
  },
  {
    workflow: 'captureImage',
    name: 'held-and-rescued',
    run: async (recorder) => await held(recorder, 'rescue'),
  },
  {
    workflow: 'captureImage',
    name: 'refused-at-publishing',
    run: async (recorder) => await failing(recorder, beforeCall('publishCopy', 'library.shell.run')),
  },
  { workflow: 'captureImage', name: 'taken-up', run: takenUp },
  { workflow: 'loadNode', name: 'loaded', run: async (recorder) => await load(recorder) },
  { workflow: 'loadNode', name: 'ready-already', run: async (recorder) => await load(recorder, 2) },
  {
    workflow: 'loadNode',
    name: 'failed-and-unwound',
    run: async (recorder) =>
      await load(recorder, 1, { activity: 'postLoad', call: 'operatingSystem().postLoad', when: 'after' }),
  },
  {
    workflow: 'loadNode',
    name: 'failed-after-ready',
    run: async (recorder) =>
      await load(recorder, 1, {
        activity: 'carryOutLoadStep',
        call: 'provisioner().loading.steps.retire.act',
        when: 'before',
      }),
  },
  {
    workflow: 'loadNode',
    name: 'cancelled-while-filling',
    run: async (recorder) =>
      await cancelled(
        recorder,
        beforeCall('carryOutLoadStep', 'provisioner().loading.steps.fill.act'),
        async (node) => await recorder.imprint.client.startLoad({ node, image: 'base' }),
      ),
  },
];

type Point = Omit<CallPoint, 'node'>;

function beforeCall(activity: string, call: string): Point {
  return { activity, call, when: 'before' };
}

async function capture({ imprint }: Recorder, after: AfterCapture, node?: string): Promise<RunHandle<unknown>> {
  const input = { node: node ?? (await imprint.addNode()), image: imprint.fresh('image'), after };
  return await imprint.client.startCapture({ ...input, operatingSystem: simulatedSystem });
}

async function failing(recorder: Recorder, point: Point): Promise<RunHandle<unknown>> {
  const node = await recorder.imprint.addNode();
  recorder.tampering.fail({ ...point, node });
  return await capture(recorder, 'leaveOff', node);
}

/** A capture whose copy fails once, and that an operator answers. */
async function held({ imprint, tampering }: Recorder, answer: 'retry' | 'rescue'): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode();
  const copy = beforeCall('carryOutCaptureStep', 'provisioner().capturing.steps.copy.act');
  tampering.fail({ ...copy, node }, { times: 1 });
  const image = imprint.fresh('image');
  const run = await imprint.client.startCapture({
    node,
    image,
    onFailure: 'hold',
    operatingSystem: simulatedSystem,
  });
  for await (const { hold } of run.watch()) if (hold !== undefined) break;
  const who = { by: 'operator', reason: 'recorded' };
  if (answer === 'rescue') await run.power({ action: 'off', ...who });
  await run.answer(answer, who);
  return run;
}

/** A capture that takes up one which failed in its copy. */
async function takenUp({ imprint, tampering }: Recorder): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode();
  const copy = beforeCall('carryOutCaptureStep', 'provisioner().capturing.steps.copy.act');
  tampering.fail({ ...copy, node }, { times: 1 });
  const image = imprint.fresh('image');
  const failed = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
  await failed.result().catch(() => undefined);
  return await imprint.client.replay(failed.id, { by: 'operator' });
}

async function cancelled(
  { imprint, tampering }: Recorder,
  point: Point,
  start: (node: string) => Promise<RunHandle<unknown>>,
): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode();
  const held = tampering.hold({ ...point, node });
  const run = await start(node);
  await held.reached;
  await run.cancel();
  held.release();
  return run;
}

async function load({ imprint, tampering }: Recorder, times = 1, point?: Point): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode();
  if (point !== undefined) tampering.fail({ ...point, node });
  const start = async (): Promise<RunHandle<unknown>> => await imprint.client.startLoad({ node, image: 'base' });
  for (let done = 1; done < times; done += 1) await (await start()).result();
  return await start();
}

/** Without the client, which would refuse it before it begins. */
async function startRefused(imprint: TestImprint): Promise<RunHandle<unknown>> {
  const workflowId = 'captureImage/lab/refused';
  const args = [{ node: 'lab', image: 'web-v3' }];
  await imprint.temporal.workflow.start('captureImage', { workflowId, taskQueue: 'imprint', args });
  return imprint.client.run(workflowId);
}

async function record(recorder: Recorder, { workflow, name, run }: Scenario): Promise<RecordedHistory> {
  const handle = await run(recorder);
  await handle.result().catch(() => undefined);
  const history = await recorder.imprint.temporal.workflow.getHandle(handle.id).fetchHistory();
  const read = JSON.parse(historyToJSON(history)) as RecordedHistory['history'];
  return { workflow, name, history: scrub(read, recorder.directory) };
}

async function write(folder: string, recorded: RecordedHistory): Promise<void> {
  const path = join(here, folder, recorded.workflow, `${recorded.name}.json`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, formatHistory(recorded.history));
  process.stdout.write(`${path}: ${String(recorded.history.events.length)} events\n`);
}

/** Of what was recorded; those of the others stay as they were recorded. */
async function digestsOf(only: readonly string[]): Promise<CodeDigests> {
  const present = await digestWorkflows(packageRoot());
  if (only.length === 0) return present;
  const { code } = await readSet(join(here, 'histories'));
  const recorded = Object.entries(present).filter(([name]) => only.includes(name));
  return { ...code, ...Object.fromEntries(recorded) };
}

async function main(only: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-histories-'));
  const tampering = createTampering();
  const imprint = await startImprint({ directory });
  try {
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    const node = await imprint.addNode();
    const base = { node, image: 'base', operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(base)).result();
    const recorded: RecordedHistory[] = [];
    const wanted = scenarios.filter(({ workflow }) => only.length === 0 || only.includes(workflow));
    for (const scenario of wanted) recorded.push(await record({ directory, imprint, tampering }, scenario));
    for (const folder of ['histories', 'controls'])
      for (const old of only.length === 0 ? [''] : only)
        await rm(join(here, folder, old), { recursive: true, force: true });
    for (const history of recorded) await write('histories', history);
    for (const control of recorded.flatMap(controlsOf)) await write('controls', control);
    await writeFile(join(here, 'histories/code.json'), formatCode(await digestsOf(only)));
  } finally {
    await imprint.stop();
  }
}

await main(process.argv.slice(2));
