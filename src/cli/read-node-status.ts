import type { RunHandle } from '../client.ts';
import type { NodeStatus } from '../domain/node-status.ts';
import { withClient } from './connect.ts';
import { waitingFor } from './run-words.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Has the node's management node read its status, and waits for it. */
export async function readNodeStatus(session: Session, node: string): Promise<NodeStatus> {
  return await withClient(async (client) => await resultOf(await client.startStatus(node), session.terminal));
}

/** What the run answers. Reading takes seconds: what it waits for meanwhile is told as it changes. */
export async function resultOf<Result>(
  run: Pick<RunHandle<Result>, 'result' | 'watch'>,
  terminal: Pick<Terminal, 'complain'>,
): Promise<Result> {
  // It ends with the run; where it cannot look, the result says why.
  tellWaiting(run, terminal).catch(() => undefined);
  return await run.result();
}

async function tellWaiting(
  run: Pick<RunHandle<unknown>, 'watch'>,
  terminal: Pick<Terminal, 'complain'>,
): Promise<void> {
  let told: string | undefined;
  for await (const progress of run.watch()) {
    const waiting = waitingFor(progress, Date.now());
    if (waiting !== undefined && waiting !== told) terminal.complain(`still waiting: ${waiting}`);
    told = waiting;
  }
}
