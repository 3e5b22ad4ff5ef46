import type { Command } from 'commander';
import { parseImageReference } from '../../domain/names.ts';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import type { Session } from '../session.ts';

export function addLoadCommand(program: Command, session: Session): void {
  addCommand(program, 'load <node> <image>', {
    summary: 'load a revision of an image onto a node',
    examples: ['imprint load lab-08 web', 'imprint load lab-08 web@3 --detach'],
  })
    .usage('[options] <node> <image[@revision]>')
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (node: string, image: string, options: RunOptions) => {
      const input = { node, ...parseImageReference(image) };
      const request = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
      await conductRun(session, options, async (client) => await client.startLoad(input, request));
    });
}
