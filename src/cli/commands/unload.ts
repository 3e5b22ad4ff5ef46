import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import type { Session } from '../session.ts';

export function addUnloadCommand(program: Command, session: Session): void {
  addCommand(program, 'unload <node>', {
    summary: 'take whatever is loaded off a node',
    examples: ['imprint unload lab-08'],
  })
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (node: string, options: RunOptions) => {
      const request = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
      await conductRun(session, options, async (client) => await client.startUnload(node, request));
    });
}
