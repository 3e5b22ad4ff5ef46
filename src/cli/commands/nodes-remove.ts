import type { Command } from 'commander';
import { addCommand } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

export function addNodesRemoveCommand(nodes: Command, session: Session): void {
  addCommand(nodes, 'remove <node>', {
    summary: 'forget a node on which nothing is loaded; its runs stay readable',
    examples: ['imprint nodes remove lab-07'],
  }).action(async (node: string, options: OutputOptions) => {
    await withCatalog(async (catalog) => await catalog.computers.remove(node));
    printResult(session, options, { node, removed: true }, `Removed ${node}; its runs can still be read.`);
  });
}
