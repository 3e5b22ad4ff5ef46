import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { boundedEvidence } from '../../src/cli/describe-run.ts';
import { simulatedSystem, type ImprintOptions, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf, patience } from '../support/runs.ts';
import { startSshNodes, type SshNode, type SshNodes, type Stranger } from '../support/ssh-nodes.ts';
import { createTampering, type CallPoint, type HeldCall, type Tampering } from '../support/tampering.ts';

vi.setConfig({ maxConcurrency: 16 });

/** A step that connects to the node: the call with which it does, right before which the server is changed. */
interface Connecting extends Omit<CallPoint, 'node' | 'when'> {
  readonly step: string;
}

const inCapture: readonly (Connecting & { readonly state: string })[] = [
  { step: '3', activity: 'checkCapture', call: 'operatingSystem().currentImage', state: 'available' },
  { step: '5.1', activity: 'carryOutCaptureStep', call: 'operatingSystem().preCapture', state: 'maintenance' },
  { step: '5.2', activity: 'carryOutCaptureStep', call: 'operatingSystem().seal', state: 'maintenance' },
];
const status = { step: '2', activity: 'readNodeStatus', call: 'operatingSystem().currentImage' };
const postLoad = { step: '6.2', activity: 'postLoad', call: 'operatingSystem().postLoad' };
const ready = { step: '7', activity: 'awaitReady', call: 'operatingSystem().currentImage' };

const messages: Readonly<Record<Stranger, string>> = {
  impostor: 'unexpected host key of',
  refusing: 'could not log in as',
};
const strangers = Object.keys(messages) as Stranger[];
const each = <T>(steps: readonly T[]) => strangers.flatMap((who) => steps.map((step) => ({ ...step, who })));

describe.concurrent('a node that is reached over SSH', () => {
  let imprint: TestImprint;
  let nodes: SshNodes;
  let tampering: Tampering;
  const outgoing = 'outgoing';
  const incoming = 'incoming';

  beforeAll(async () => {
    nodes = await startSshNodes();
  });
  afterAll(async () => await nodes.stop());
  const options: ImprintOptions = {
    get settings() {
      return { IMPRINT_SECRET_NODE_SSH_KEY: nodes.privateKey };
    },
  };
  withImprint(async (started) => {
    tampering = createTampering();
    imprint = started;
    await imprint.startWorkerHere((deps) => tampering.around(nodes.around(deps)));
    for (const image of [outgoing, incoming]) await (await capture(await nodes.add(imprint), image)).result();
  }, options);

  const capture = async ({ name: node }: SshNode, image: string) =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });

  /** A node on which the outgoing image was loaded. */
  const loaded = async (): Promise<SshNode & { readonly before: string }> => {
    const node = await nodes.add(imprint);
    const run = await imprint.client.startLoad({ node: node.name, image: outgoing });
    await run.result();
    return { ...node, before: run.id };
  };
  const load = async ({ name: node }: SshNode) => await imprint.client.startLoad({ node, image: incoming });

  const holdAt = ({ activity, call }: Connecting, { name }: SshNode): HeldCall =>
    tampering.hold({ node: name, activity, call, when: 'before' });
  /** Goes on when the run stands right before it connects, and somebody else answers from now on. */
  const meet = async (held: HeldCall, node: SshNode, who: Parameters<SshNode['answeredBy']>[0]): Promise<void> => {
    await held.reached;
    await node.answeredBy(who);
    held.release();
  };
  const tries = ({ activity, call }: Connecting, { name }: SshNode): number =>
    tampering.calls({ node: name, activity, call });
  const stepOf = async (run: RunHandle<unknown>, number: string) =>
    (await imprint.catalog.runs.steps(run.id)).find((step) => step.number === number);

  /** sshd notes it once it was told who wants to log in; the one that refuses is the control. */
  const wasAskedToLetIn = async (who: Stranger): Promise<boolean> =>
    (await nodes.log(who)).includes('userauth-request');

  /** What somebody sees who watches the run while it waits. */
  const shownBy = async (run: RunHandle<unknown>): Promise<string> => {
    for await (const { activity } of run.watch())
      return `${activity?.waitingFor ?? ''} ${activity?.progress?.what ?? ''}`;
    return 'nothing';
  };

  it.for(each(inCapture))('$who, at step $step of a capture: refused at once', async ({ who, ...at }, { expect }) => {
    const node = await nodes.add(imprint);
    const held = holdAt(at, node);
    const image = imprint.fresh('image');
    const run = await capture(node, image);
    await meet(held, node, who);
    const failure = await failureOf(run);

    expect(failure).toMatchObject({ reason: 'UnauthorizedError' });
    expect(failure.message).toContain(`${messages[who]} ${node.host}`);
    expect(await stepOf(run, at.step)).toMatchObject({ state: 'failed', error: expect.stringContaining(node.host) });
    expect([tries(at, node), node.connectionsTo(who)]).toEqual([1, 1]);
    expect(await wasAskedToLetIn(who)).toBe(who === 'refusing');
    const { state, ...left } = await leftoversOf(imprint, run.id, image);
    expect(state).toBe(at.state);
    expect(left).toMatchObject({ owner: undefined, revisions: 'no image', staging: [], published: [], power: 'on' });
  });

  it.for(each([postLoad, ready]))(
    '$who, at step $step of a load: refused at once',
    async ({ who, ...at }, { expect }) => {
      const node = await loaded();
      const triesBefore = tries(at, node);
      const held = holdAt(at, node);
      const run = await load(node);
      await meet(held, node, who);
      const failure = await failureOf(run);

      expect(failure).toMatchObject({ reason: 'UnauthorizedError' });
      expect(failure.message).toContain(`${messages[who]} ${node.host}`);
      expect(await stepOf(run, at.step)).toMatchObject({ state: 'failed', error: expect.stringContaining(node.host) });
      expect([tries(at, node) - triesBefore, node.connectionsTo(who)]).toEqual([1, 1]);
      expect(await wasAskedToLetIn(who)).toBe(who === 'refusing');
      const left = await leftoversOf(imprint, run.id, incoming);
      expect(left).toMatchObject({
        state: 'maintenance',
        owner: undefined,
        disksOf: node.before,
        staging: [],
        jobs: [],
      });
    },
  );

  it.for(strangers.map((who) => ({ who })))(
    '$who, from the status reading of a load on: an observation, so the node is loaded anew, and the record says why',
    async ({ who }, { expect }) => {
      const node = await loaded();
      const [atStatus, atPostLoad] = [holdAt(status, node), holdAt(postLoad, node)];
      const run = await load(node);
      await meet(atStatus, node, who);
      await meet(atPostLoad, node, 'node');

      expect(await run.result()).toMatchObject({ found: 'RELOAD' });
      const said = `${messages[who]} ${node.host}`;
      for (const number of ['2', '4']) {
        const { evidence = {} } = (await stepOf(run, number)) ?? {};
        expect(JSON.stringify(evidence)).toContain(said);
        expect(boundedEvidence(evidence).join('\n')).toContain(said);
      }
      expect(node.connectionsTo(who)).toBe(2);
      expect(await wasAskedToLetIn(who)).toBe(who === 'refusing');
    },
  );

  it.for(inCapture)('gone at step $step of a capture: awaited, and it says for what', async (at, { expect }) => {
    const node = await nodes.add(imprint);
    const held = holdAt(at, node);
    const run = await capture(node, imprint.fresh('image'));
    await meet(held, node, 'nobody');
    await vi.waitFor(async () => expect(await shownBy(run)).toContain(`could not connect to ${node.host}`), patience);
    await node.answeredBy('node');

    expect(await run.result()).toMatchObject({ revision: 1 });
    expect(tries(at, node)).toBeGreaterThan(1);
  });

  it('gone from the status reading of a load on: it is loaded anew, and awaited once it has booted', async ({
    expect,
  }) => {
    const node = await loaded();
    const [atStatus, atReady] = [holdAt(status, node), holdAt(ready, node)];
    const run = await load(node);
    await meet(atStatus, node, 'nobody');
    const said = `could not connect to ${node.host}`;
    await vi.waitFor(async () => expect(await shownBy(run)).toContain(said), patience);
    await node.answeredBy('node');
    await meet(atReady, node, 'nobody');
    await vi.waitFor(async () => expect(await shownBy(run)).toContain(said), patience);
    await node.answeredBy('node');

    expect(await run.result()).toMatchObject({ found: 'RELOAD' });
    expect(JSON.stringify((await stepOf(run, '2'))?.evidence)).toContain(said);
    expect(JSON.stringify((await stepOf(run, '4'))?.evidence)).toContain(said);
  });

  it('silent in the middle of a capture: the dead connection is noticed, and another one is made', async ({
    expect,
  }) => {
    const node = await nodes.add(imprint);
    const preCapture = inCapture[1]!;
    const held = holdAt(preCapture, node);
    const run = await capture(node, imprint.fresh('image'));
    await meet(held, node, 'silence');
    await vi.waitFor(async () => expect(await shownBy(run)).toContain(`lost the connection to ${node.host}`), patience);
    await node.answeredBy('node');

    expect(await run.result()).toMatchObject({ revision: 1 });
  });

  it('and that nobody stands in for: capture and load complete (control)', async ({ expect }) => {
    const node = await loaded();

    expect(await (await load(node)).result()).toMatchObject({ found: 'RELOAD' });
    expect(await (await load(node)).result()).toMatchObject({ found: 'READY' });
    expect(await (await capture(node, imprint.fresh('image'))).result()).toMatchObject({ revision: 1 });
  });
});
