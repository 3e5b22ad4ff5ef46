import { simulatedSystem } from '../support/imprint.ts';
import type { Recorder, Scenario } from './scenario.ts';

/** Every procedure but captureImage and loadNode, which have theirs in record.ts. */
export const shortScenarios: readonly Scenario[] = [
  {
    workflow: 'powerNode',
    name: 'powered-off',
    run: async ({ imprint }) =>
      await imprint.client.power({ node: await imprint.addNode(), action: 'off', force: true }),
  },
  {
    workflow: 'powerNode',
    name: 'failed',
    run: async ({ imprint, tampering }) => {
      const node = await imprint.addNode();
      tampering.fail({ node, activity: 'setPower', call: 'provisioner().power.on', when: 'before' });
      await (await imprint.client.power({ node, action: 'off', force: true })).result();
      return await imprint.client.power({ node, action: 'on' });
    },
  },
  {
    workflow: 'unloadNode',
    name: 'unloaded',
    run: async ({ imprint }) => await imprint.client.startUnload(await loadedNode(imprint)),
  },
  {
    workflow: 'unloadNode',
    name: 'failed',
    run: async ({ imprint, tampering }) => {
      const node = await loadedNode(imprint);
      tampering.fail({ node, activity: 'unload', call: 'catalog.claims.fence', when: 'before' });
      return await imprint.client.startUnload(node);
    },
  },
  {
    workflow: 'checkNode',
    name: 'read',
    run: async ({ imprint }) => await imprint.client.startStatus(await loadedNode(imprint)),
  },
  {
    workflow: 'reserveNode',
    name: 'reserved',
    run: async ({ imprint }) => {
      const until = new Date(Date.now() + 3_600_000).toISOString();
      return await imprint.client.startReservation({ node: await loadedNode(imprint), ...jane, until });
    },
  },
  {
    workflow: 'reserveNode',
    name: 'failed',
    run: async ({ imprint, tampering }) => {
      const node = await loadedNode(imprint);
      tampering.fail({ node, activity: 'openAccess', call: 'operatingSystem().userAccess.open', when: 'after' });
      return await imprint.client.startReservation({ node, ...jane });
    },
  },
  {
    workflow: 'reclaimNode',
    name: 'taken-back',
    run: async ({ imprint }) => {
      const node = await loadedNode(imprint);
      await (await imprint.client.startReservation({ node, ...jane })).result();
      return await imprint.client.startReclaim({ node });
    },
  },
  {
    workflow: 'reclaimNode',
    name: 'machine-gone',
    run: async ({ imprint }) => {
      const node = await loadedNode(imprint);
      await (await imprint.client.startReservation({ node, ...jane })).result();
      return await imprint.client.startReclaim({ node, by: 'operator', machineIsGone: 'its mainboard burnt' });
    },
  },
  {
    workflow: 'reclaimNode',
    name: 'nothing-reserved',
    run: async ({ imprint }) => await imprint.client.startReclaim({ node: await imprint.addNode() }),
  },
  { workflow: 'reclaimNode', name: 'at-its-end', run: endedByItself },
  { workflow: 'freeNode', name: 'taken-over', run: takenOver },
  { workflow: 'deleteRevision', name: 'deleted', run: deleted },
  {
    workflow: 'loadFleet',
    name: 'two-loaded',
    run: async ({ imprint }) => {
      const nodes = [await imprint.addNode(), await imprint.addNode()];
      return await imprint.client.startLoads({ nodes, image: 'base', parallel: 1 });
    },
  },
  { workflow: 'planCapture', name: 'planned', run: async (recorder) => await direct(recorder, 'planCapture') },
  { workflow: 'archiveRuns', name: 'archived', run: async (recorder) => await direct(recorder, 'archiveRuns') },
  { workflow: 'checkSystems', name: 'looked', run: async (recorder) => await direct(recorder, 'checkSystems') },
  { workflow: 'audit', name: 'reported', run: async (recorder) => await direct(recorder, 'audit') },
];

const jane = { user: 'jane', from: '192.0.2.9' } as const;

/** The run that the reservation itself has started. */
async function endedByItself({ imprint }: Recorder) {
  const node = await loadedNode(imprint);
  const until = new Date(Date.now() + 2_000).toISOString();
  const run = await imprint.client.startReservation({ node, ...jane, until }, { requestKey: 'short' });
  await run.result();
  const id = `reclaimNode/${node}/end-short`;
  return { id, result: async (): Promise<unknown> => await imprint.temporal.workflow.getHandle(id).result() };
}

async function loadedNode(imprint: Recorder['imprint']): Promise<string> {
  const node = await imprint.addNode();
  await (await imprint.client.startLoad({ node, image: 'base' })).result();
  return node;
}

/** A node whose capture was terminated in its copy. */
async function takenOver({ imprint, tampering }: Recorder) {
  const node = await imprint.addNode();
  const copy = { activity: 'carryOutCaptureStep', call: 'provisioner().capturing.steps.copy.act', when: 'before' };
  const held = tampering.hold({ ...copy, when: 'before', node });
  const image = imprint.fresh('image');
  const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
  await held.reached;
  await imprint.temporal.workflow.getHandle(run.id).terminate('recorded');
  held.release();
  const answer = await imprint.client.releaseNode({ node, by: 'operator', reason: 'recorded' });
  if (answer.done !== 'started') throw new Error(`node ${node} was released without a run`);
  return answer.run;
}

async function deleted({ imprint }: Recorder) {
  const image = imprint.fresh('image');
  for (const node of [await imprint.addNode(), await imprint.addNode()]) {
    const request = { node, image, operatingSystem: simulatedSystem, after: 'reload' } as const;
    await (await imprint.client.startCapture(request)).result();
    // Nothing is loaded with it any more, and it has been READY once.
    await (await imprint.client.startLoad({ node, image: 'base' })).result();
  }
  await imprint.catalog.revisionLife.retire({ image, revision: 2 }, 'operator');
  return await imprint.client.startDeletion({ image, revision: 2 });
}

const inputs: Readonly<Record<string, readonly unknown[]>> = {
  archiveRuns: [],
  checkSystems: [{}],
  audit: [{ purpose: 'report' }],
};

/** Those that are started by a schedule, or that no run of the catalog stands for. */
async function direct({ imprint }: Recorder, workflow: string) {
  const node = await imprint.addNode();
  const args = inputs[workflow] ?? [{ node, image: 'planned', operatingSystem: simulatedSystem }];
  const workflowId = `${workflow}/${node}/recorded`;
  const handle = await imprint.temporal.workflow.start(workflow, { workflowId, taskQueue: 'imprint', args: [...args] });
  return { id: workflowId, result: async (): Promise<unknown> => await handle.result() };
}
