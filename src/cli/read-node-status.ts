import type { NodeStatus } from '../domain/node-status.ts';
import { withClient } from './connect.ts';
import type { Session } from './session.ts';

/** Reading a status takes seconds; after this long a person wants to know what it waits for. */
const hintAfterMs = 10_000;

/** Has the node's management node read its status, and waits for it. */
export async function readNodeStatus(session: Session, node: string): Promise<NodeStatus> {
  return await withClient(async (client) => {
    const hint = setTimeout(() => {
      session.terminal.complain(`still waiting for the status of ${node}: is a worker of its management node running?`);
    }, hintAfterMs);
    try {
      return await client.nodeStatus(node);
    } finally {
      clearTimeout(hint);
    }
  });
}
