import type { Command } from 'commander';
import { describeSettings } from '../../config.ts';
import { addCommand } from '../command.ts';
import { readWorkerConfig } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

/** One line a setting, as config.ts declares them. */
function settings(): string {
  return describeSettings()
    .map(({ name, help }) => `  ${name.padEnd(27)} ${help}`)
    .join('\n');
}

export function addWorkerCommand(program: Command, session: Session): void {
  addCommand(program, 'worker', {
    summary: 'run the worker of this management node until SIGTERM or Ctrl-C',
    examples: ['IMPRINT_MANAGEMENT_NODE=mn-a IMPRINT_LIBRARY=/srv/imprint DATABASE_URL=postgres://… imprint worker'],
  })
    .addHelpText(
      'after',
      `\nIt refuses to start with every problem of its configuration listed at once. Its log is JSON on standard error.\n\nSettings:\n${settings()}`,
    )
    .action(async (options: OutputOptions) => {
      const config = await readWorkerConfig();
      // The worker brings Temporal's native code; other commands start quicker without it.
      const { runWorker } = await import('../../worker.ts');
      await runWorker(config);
      const node = config.IMPRINT_MANAGEMENT_NODE;
      printResult(session, options, { managementNode: node, state: 'drained' }, `The worker of ${node} is drained.`);
    });
}
