import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { describe, it, vi } from 'vitest';
import { procedures } from '../../src/domain/run.ts';
import { sharedQueue } from '../../src/workflows/task-queues.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { deletable } from '../support/published-image.ts';
import { actionsOn, failureOf, patience } from '../support/runs.ts';

interface Refusal {
  readonly what: string;
  readonly procedure: 'captureImage' | 'loadNode' | 'powerNode' | 'unloadNode' | 'checkNode';
  /** `NODE` and `IMAGE` stand for a node and an image that exist. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: 'InvalidInputError' | 'NotFoundError';
  readonly message: RegExp;
}

const invalid = { reason: 'InvalidInputError' } as const;
const missing = { reason: 'NotFoundError' } as const;
const capture = { procedure: 'captureImage' } as const;
const load = { procedure: 'loadNode' } as const;

const refusals: readonly Refusal[] = [
  { what: 'a node that nobody added', ...capture, input: { node: 'nope', image: 'x' }, ...missing, message: /"nope"/ },
  { what: 'a node that nobody added', ...load, input: { node: 'nope', image: 'IMAGE' }, ...missing, message: /"nope"/ },
  {
    what: 'a node that nobody added',
    procedure: 'powerNode',
    input: { node: 'nope', action: 'on' },
    ...missing,
    message: /"nope"/,
  },
  { what: 'a node that nobody added', procedure: 'unloadNode', input: { node: 'nope' }, ...missing, message: /"nope"/ },
  { what: 'a node that nobody added', procedure: 'checkNode', input: { node: 'nope' }, ...missing, message: /"nope"/ },
  {
    what: 'path characters in the node',
    ...capture,
    input: { node: '../etc', image: 'x' },
    ...invalid,
    message: /^node: .*"\.\.\/etc"/,
  },
  {
    what: 'path characters in the node',
    procedure: 'unloadNode',
    input: { node: 'a/b' },
    ...invalid,
    message: /^node: .*"a\/b"/,
  },
  {
    what: 'path characters in the image',
    ...capture,
    input: { node: 'NODE', image: '../../x' },
    ...invalid,
    message: /^image: /,
  },
  {
    what: 'an image like a revision',
    ...capture,
    input: { node: 'NODE', image: 'web-v3' },
    ...invalid,
    message: /ends like a revision/,
  },
  {
    what: 'an image with a newline',
    ...capture,
    input: { node: 'NODE', image: 'web\n' },
    ...invalid,
    message: /^image: /,
  },
  { what: 'no image', ...capture, input: { node: 'NODE' }, ...invalid, message: /^image: .*undefined/ },
  { what: 'a number as node', ...capture, input: { node: 42, image: 'x' }, ...invalid, message: /^node: .*42/ },
  {
    what: 'an unknown wish for afterwards',
    ...capture,
    input: { node: 'NODE', image: 'x', after: 'explode' },
    ...invalid,
    message: /^after: /,
  },
  {
    what: 'a permission that is no yes or no',
    ...capture,
    input: { node: 'NODE', image: 'x', allowForcedOff: 'no' },
    ...invalid,
    message: /^allowForcedOff: /,
  },
  {
    what: 'no time to shut down',
    ...capture,
    input: { node: 'NODE', image: 'x', shutdownSeconds: 0.2 },
    ...invalid,
    message: /^shutdownSeconds: /,
  },
  {
    what: 'a comment of two lines',
    ...capture,
    input: { node: 'NODE', image: 'x', comment: 'a\nb' },
    ...invalid,
    message: /^comment: /,
  },
  {
    what: 'no operating system to be found',
    ...capture,
    input: { node: 'NODE', image: 'x' },
    ...invalid,
    message: /which operating system/,
  },
  {
    what: 'an image that nobody captured',
    ...load,
    input: { node: 'NODE', image: 'nope' },
    ...missing,
    message: /"nope"/,
  },
  {
    what: 'a revision that does not exist',
    ...load,
    input: { node: 'NODE', image: 'IMAGE', revision: 7 },
    ...missing,
    message: /revision 7 /,
  },
  {
    what: 'a revision that is no number',
    ...load,
    input: { node: 'NODE', image: 'IMAGE', revision: '1x' },
    ...invalid,
    message: /^revision: /,
  },
  {
    what: 'path characters in the image',
    ...load,
    input: { node: 'NODE', image: 'IMAGE/../x' },
    ...invalid,
    message: /^image: /,
  },
  {
    what: 'an unknown action',
    procedure: 'powerNode',
    input: { node: 'NODE', action: 'cycle' },
    ...invalid,
    message: /^action: /,
  },
  {
    what: 'a force that is no yes or no',
    procedure: 'powerNode',
    input: { node: 'NODE', action: 'off', force: 1 },
    ...invalid,
    message: /^force: /,
  },
];

vi.setConfig({ maxConcurrency: 16 });

describe.concurrent('what cannot be done is refused', () => {
  let imprint: TestImprint;
  let names: Readonly<Record<string, string>>;

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere();
    const [source, node] = [await imprint.addNode(), await imprint.addNode()];
    names = { NODE: node, IMAGE: 'known' };
    await (
      await imprint.client.startCapture({ node: source, image: 'known', operatingSystem: simulatedSystem })
    ).result();
  });

  const fill = (input: Refusal['input'], node = names['NODE']): Record<string, unknown> =>
    JSON.parse(
      JSON.stringify(input).replace(/NODE|IMAGE/g, (name) => ({ ...names, NODE: node })[name] ?? name),
    ) as Record<string, unknown>;

  const throughClient = async ({ procedure, input }: Refusal): Promise<unknown> => {
    const given = fill(input) as never;
    const { node } = given as { node: string };
    switch (procedure) {
      case 'captureImage':
        return await imprint.client.startCapture(given);
      case 'loadNode':
        return await imprint.client.startLoad(given);
      case 'powerNode':
        return await imprint.client.power(given);
      case 'unloadNode':
        return await imprint.client.startUnload(node);
      case 'checkNode':
        return await imprint.client.nodeStatus(node);
    }
  };

  it.for(refusals)('by the client before anything is started: $procedure, $what', async (refusal, { expect }) => {
    const before = await imprint.catalog.runs.list({ limit: 1_000 });
    await expect(throughClient(refusal)).rejects.toMatchObject({
      name: refusal.reason,
      message: expect.stringMatching(refusal.message),
    });
    const after = await imprint.catalog.runs.list({ limit: 1_000 });
    // Other tests start runs meanwhile, under ids of their own.
    const mine = after.filter(({ id }) => !id.includes('/direct-') && !before.some((run) => run.id === id));
    expect(mine).toEqual([]);
  });

  it.for(refusals)(
    'by the first step of a workflow that was started without the client: $procedure, $what',
    async (refusal, { expect }) => {
      const { procedure } = refusal;
      const node = await imprint.addNode();
      const input = fill(refusal.input, node);
      const workflowId = `${procedure}/${String(input['node'])}/${imprint.fresh('direct')}`;
      const handle = await imprint.temporal.workflow.start(procedure, {
        workflowId,
        taskQueue: sharedQueue,
        args: [input],
      });
      const failure = await handle.result().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WorkflowFailedError);
      const cause = (failure as WorkflowFailedError).cause?.cause;
      expect(cause).toBeInstanceOf(ApplicationFailure);
      expect(cause).toMatchObject({ type: refusal.reason, message: expect.stringMatching(refusal.message) });
      // Nothing was touched: no claim stays, and nothing has happened in the world.
      expect(await imprint.catalog.claims.find(node)).toBeUndefined();
      expect((await imprint.catalog.computers.get(node)).state).toBe('available');
      expect(await actionsOn(imprint, node)).toEqual([]);
    },
  );

  it('fails a workflow that was started with nothing at all, instead of trying it again and again', async ({
    expect,
  }) => {
    for (const [procedure, args] of procedures.flatMap((one) =>
      [[], [null], ['lab-01']].map((args) => [one, args] as const),
    )) {
      const workflowId = `${procedure}/none/${imprint.fresh('direct')}`;
      const handle = await imprint.temporal.workflow.start(procedure, { workflowId, taskQueue: sharedQueue, args });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInputError' } });
    }
  });

  it('starts every procedure that it knows with minimal input, also without the client', async ({ expect }) => {
    const [image, reserved] = [imprint.fresh('image'), await imprint.addNode()];
    await (await imprint.client.startLoad({ node: reserved, image: 'known' })).result();
    const inputs = {
      captureImage: { node: await imprint.addNode(), image, operatingSystem: simulatedSystem },
      loadNode: { node: await imprint.addNode(), image: 'known' },
      powerNode: { node: await imprint.addNode(), action: 'off' },
      checkNode: { node: await imprint.addNode() },
      unloadNode: { node: await imprint.addNode() },
      freeNode: { node: await imprint.addNode() },
      deleteRevision: await deletable(imprint),
      reserveNode: { node: reserved, user: 'jane', from: '192.0.2.9' },
      reclaimNode: { node: await imprint.addNode() },
      loadFleet: { node: '*', nodes: [await imprint.addNode()], image: 'known' },
    };
    for (const procedure of procedures) {
      const input = inputs[procedure];
      const workflowId = `${procedure}/${input.node}/minimal`;
      await imprint.temporal.workflow.execute(procedure, { workflowId, taskQueue: sharedQueue, args: [input] });
      expect(await imprint.catalog.runs.get(workflowId)).toMatchObject({ procedure, state: 'completed' });
    }
    expect(await imprint.catalog.revisions.list(image)).toMatchObject([{ state: 'available', author: 'unknown' }]);
  });

  describe('a request key', () => {
    const keyed = async (key: string, more: object = {}) => {
      const node = await imprint.addNode();
      const input = { node, image: imprint.fresh('image'), operatingSystem: simulatedSystem, ...more };
      return {
        input,
        start: async (other: object = {}) =>
          await imprint.client.startCapture({ ...input, ...other }, { requestKey: key }),
      };
    };

    it('gives the same run however often it is asked, while it runs and afterwards', async ({ expect }) => {
      const { start, input } = await keyed('again');
      const runs = await Promise.all([start(), start(), start()]);
      expect(new Set(runs.map(({ id }) => id))).toEqual(new Set([`captureImage/${input.node}/again`]));
      const answer = await runs[0].result();
      const later = await start();
      expect(later.id).toBe(runs[0].id);
      expect(await later.result()).toEqual(answer);
      const query = `WorkflowId = "${later.id}"`;
      const executions = [];
      for await (const execution of imprint.temporal.workflow.list({ query })) executions.push(execution.runId);
      expect(executions).toHaveLength(1);
      expect(await imprint.catalog.revisions.list(input.image)).toHaveLength(1);
    });

    it('belongs to one request: with other input it is refused, and says to which run it belongs', async ({
      expect,
    }) => {
      const { start } = await keyed('taken');
      const run = await start();
      const refused = { name: 'ConflictError', message: expect.stringContaining(run.id) };
      await expect(start({ comment: 'something else' })).rejects.toMatchObject(refused);
      const elsewhere = await keyed('taken');
      await expect(elsewhere.start()).rejects.toMatchObject(refused);
      await run.result();
    });

    it('must be a name', async ({ expect }) => {
      const { start } = await keyed('a/b');
      await expect(start()).rejects.toMatchObject({
        name: 'InvalidInputError',
        message: expect.stringMatching(/^request key: /),
      });
    });
  });

  describe('two at once', () => {
    const direct = async (node: string, image: string) => {
      const workflowId = `captureImage/${node}/${imprint.fresh('direct')}`;
      const args = [{ node, image, operatingSystem: simulatedSystem }];
      await imprint.temporal.workflow.start('captureImage', { workflowId, taskQueue: sharedQueue, args });
      return imprint.client.run(workflowId);
    };
    const settle = async (runs: readonly { readonly id: string; result(): Promise<unknown> }[]) => {
      const results = await Promise.allSettled(runs.map(async (run) => await run.result()));
      const won = runs.filter((_run, index) => results[index]?.status === 'fulfilled');
      const lost = runs.filter((run) => !won.includes(run));
      return { won, lost };
    };

    it('on one node: one wins, and the other is told by which run, before it is started', async ({ expect }) => {
      const node = await imprint.addNode({ preCaptureSeconds: 2 });
      const start = async () =>
        await imprint.client.startCapture({ node, image: imprint.fresh('image'), operatingSystem: simulatedSystem });
      const first = await start();
      await waitForClaim(node);
      await expect(start()).rejects.toMatchObject({
        name: 'ConflictError',
        message: expect.stringContaining(first.id),
      });
      await expect(imprint.client.power({ node, action: 'off' })).rejects.toMatchObject({ name: 'ConflictError' });
      // Reading claims nothing.
      expect(await imprint.client.nodeStatus(node)).toHaveProperty('status');
      await first.result();
    });
    const waitForClaim = async (node: string): Promise<void> => {
      await vi.waitFor(async () => {
        if ((await imprint.catalog.claims.find(node)) === undefined) throw new Error(`${node} is not claimed yet`);
      }, patience);
    };

    it.for(['the client', 'workflows that are started directly'])(
      'on one node, by %s: the claim decides',
      async (how, { expect }) => {
        const node = await imprint.addNode();
        const start = async (image: string) =>
          how === 'the client'
            ? await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem })
            : await direct(node, image);
        const images = [imprint.fresh('image'), imprint.fresh('image')] as const;
        const started = await Promise.allSettled(images.map(start));
        const runs = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        const { won, lost } = await settle(runs);
        expect(won).toHaveLength(1);
        for (const run of lost) {
          expect(await failureOf(run)).toMatchObject({
            reason: 'ConflictError',
            message: expect.stringContaining(won[0]?.id ?? '?'),
          });
        }
        const published = await Promise.all(images.map(async (image) => await imprint.catalog.revisions.list(image)));
        expect(published.flat()).toHaveLength(1);
        expect((await imprint.catalog.computers.get(node)).state).toBe('available');
        expect(await imprint.catalog.claims.find(node)).toBeUndefined();
      },
    );

    it.for(['the client', 'workflows that are started directly'])(
      'for one image, by %s: the reservation decides',
      async (how, { expect }) => {
        const image = imprint.fresh('image');
        const nodes = [
          await imprint.addNode({ preCaptureSeconds: 2 }),
          await imprint.addNode({ preCaptureSeconds: 2 }),
        ];
        const runs = await Promise.all(
          nodes.map(async (node) =>
            how === 'the client'
              ? await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem })
              : await direct(node, image),
          ),
        );
        const { won, lost } = await settle(runs);
        expect([won.length, lost.length]).toEqual([1, 1]);
        const loser = lost[0];
        if (loser === undefined) return;
        expect(await failureOf(loser)).toMatchObject({
          reason: 'ConflictError',
          message: expect.stringContaining(won[0]?.id ?? '?'),
        });
        expect(await imprint.catalog.revisions.list(image)).toMatchObject([{ revision: 1, state: 'available' }]);
        const node = loser.id.split('/')[1] ?? '';
        expect((await imprint.catalog.computers.get(node)).state).toBe('available');
        expect((await imprint.world.events()).filter((event) => event.node === node)).toEqual([]);
      },
    );
  });
});
