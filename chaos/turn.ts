import { setTimeout as sleep } from 'node:timers/promises';
import { ImprintError, errorChain } from '../src/domain/errors.ts';
import type { Asked } from './ledger.ts';
import type { IdleNode, Nodes } from './nodes.ts';
import type { Random } from './random.ts';
import { replay, type Request } from './request.ts';
import type { Stage } from './stage.ts';
import { eventually } from './waiting.ts';

/** What one client does with one node. */
export interface Turn {
  readonly stage: Stage;
  readonly nodes: Nodes;
  readonly node: IdleNode;
  readonly random: Random;
}

/** Asks for a run, sometimes for two that are in each other's way, cancels some, and waits for their end. */
export async function takeTurn(turn: Turn): Promise<void> {
  const { nodes, node, random } = turn;
  const request = await nodes.draw(node, random);
  const rival = random.chance(0.15) ? await nodes.draw(node, random) : undefined;
  await Promise.all([request, ...(rival === undefined ? [] : [rival])].map(async (one) => await carryOut(turn, one)));
  if (rival === undefined) {
    await observe(turn, request);
    await takeUp(turn, request);
  }
  await freeWhatWasLeft(turn);
  nodes.giveBack(node);
}

async function carryOut(turn: Turn, request: Request): Promise<void> {
  const { stage, nodes, random } = turn;
  const cancelAfterMs = random.chance(0.2) ? random.whole(0, nodes.patienceMs) : undefined;
  const { run, procedure, node, image, power } = request;
  const facts = { ...(image === undefined ? {} : { image }), ...(power === undefined ? {} : { power }) };
  const asked: Asked = { run, procedure, node, cancelled: cancelAfterMs !== undefined, ...facts };
  stage.ledger.write(asked);
  // A click is often a double click: the same key twice is one run.
  const clicks = random.chance(0.15) ? 2 : 1;
  const answers = await Promise.all(Array.from({ length: clicks }, async () => await askUntilAnswered(stage, request)));
  const refused = answers.find((answer) => answer !== 'taken');
  if (refused !== undefined && !answers.includes('taken')) return stage.ledger.amend(run, { refused });
  if (cancelAfterMs !== undefined) await cancel(stage, run, cancelAfterMs);
  await followToEnd(turn, request);
}

/** Temporal or PostgreSQL may be away: the same key is asked for again until somebody answers. */
async function askUntilAnswered({ endMs, over }: Stage, { start }: Request): Promise<string> {
  const answer = await eventually(
    async () => {
      try {
        await start();
        return 'taken';
      } catch (error) {
        if (error instanceof ImprintError && !error.retryable) return errorChain(error);
        throw error;
      }
    },
    endMs,
    over.signal,
  );
  return answer ?? 'nobody answered';
}

async function cancel(stage: Stage, run: string, afterMs: number): Promise<void> {
  await sleep(afterMs);
  await eventually(
    async () => {
      await stage.imprint.client.run(run).cancel();
      return true;
    },
    30_000,
    stage.over.signal,
  );
}

async function followToEnd({ stage, nodes }: Turn, { run, image, procedure }: Request): Promise<void> {
  const { catalog } = stage.imprint;
  const end = await eventually(
    async () => {
      const state = (await catalog.runs.find(run))?.state;
      return state === 'running' ? undefined : state;
    },
    stage.endMs,
    stage.over.signal,
  );
  if (end === undefined && !stage.over.signal.aborted) stage.ledger.amend(run, { endless: true });
  if (end === 'completed' && procedure === 'captureImage' && image !== undefined) nodes.images.push(image);
}

/** Half of the captures that failed or were cancelled are taken up again, before anybody gives the node free. */
async function takeUp(turn: Turn, request: Request): Promise<void> {
  const { stage, random } = turn;
  if (request.procedure !== 'captureImage' || !random.chance(0.5)) return;
  const state = await eventually(
    async () => (await stage.imprint.catalog.runs.find(request.run))?.state ?? 'never begun',
    30_000,
    stage.over.signal,
  );
  if (state === 'failed' || state === 'cancelled') await carryOut(turn, replay(stage, request));
}

/** Before anybody else may touch it. */
async function observe({ stage, nodes, node }: Turn, { run }: Request): Promise<void> {
  await eventually(
    async () => {
      const after = await nodes.see(node);
      if (after !== undefined) stage.ledger.amend(run, { after });
      return true;
    },
    30_000,
    stage.over.signal,
  );
}

/** As an operator does who has looked at the node. */
async function freeWhatWasLeft({ stage, node }: Turn): Promise<void> {
  const { catalog, client } = stage.imprint;
  await eventually(
    async () => {
      const { state } = await catalog.computers.get(node.name);
      if (state === 'maintenance') await client.releaseNode({ node: node.name, by: 'chaos', reason: 'looked at' });
      return true;
    },
    30_000,
    stage.over.signal,
  );
}
