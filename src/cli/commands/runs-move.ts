import type { Command } from 'commander';
import type { MoveRequest } from '../../client.ts';
import { addCommand } from '../command.ts';
import { withClient } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { addBy } from './runs-who.ts';

type MoveOptions = OutputOptions & MoveRequest;

/** Another management node for a run whose own is away. */
export function addRunsMoveCommand(runs: Command, session: Session): void {
  const move = addCommand(runs, 'move <run>', {
    summary:
      'let a run go on with another management node; you say that nothing of it works any more on the one it had',
    examples: ['imprint runs move captureImage/lab-07/monday --to mn-b --reason "mn-a burnt down"'],
  })
    .requiredOption(
      '--to <management-node>',
      'the one that drives the run from now on; it must reach the node and be there',
    )
    .requiredOption('--reason <text>', 'how you know; kept in the record of the run');
  addBy(move).action(async (id: string, { to, by, reason, ...options }: MoveOptions) => {
    await withClient(async (client) => await client.run(id).move({ to, by, reason }));
    const text = `Run ${id} goes on with ${to}.\n  watch it:  imprint runs watch ${id}`;
    printResult(session, options, { run: id, to }, text);
  });
}
