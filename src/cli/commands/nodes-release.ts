import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { watchToEnd } from '../conduct-run.ts';
import { withClient } from '../connect.ts';
import { holdInterrupt, printResult, type OutputOptions, type Session } from '../session.ts';

interface ReleaseOptions extends OutputOptions {
  readonly reason?: string;
  readonly by: string;
}

export function addNodesReleaseCommand(nodes: Command, session: Session): void {
  addCommand(nodes, 'release <node>', {
    summary: 'give a node free that a run has left to be looked at; what a terminated run has left is ended first',
    examples: ['imprint nodes release lab-07', 'imprint nodes release lab-07 --reason "repaired and booted"'],
  })
    .option('--reason <text>', 'why it may be used again')
    .option('--by <name>', 'who says so', userInfo().username)
    .action(async (node: string, options: ReleaseOptions) => await release(session, node, options));
}

async function release(session: Session, node: string, options: ReleaseOptions): Promise<void> {
  const { reason = '', by } = options;
  await withClient(async (client, config) => {
    const answer = await client.releaseNode({ node, reason, by });
    if (answer.done !== 'started') {
      const text = answer.done === 'released' ? `Node ${node} is available.` : `Node ${node} is available already.`;
      return printResult(session, options, { node, state: 'available', released: answer.done === 'released' }, text);
    }
    const interrupt = holdInterrupt(session);
    try {
      await watchToEnd(session, { run: answer.run, options, config }, interrupt.signal);
    } finally {
      interrupt.release();
    }
  });
}
