import type { Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.ts';
import { addCommand } from '../command.ts';
import { replayLocally } from '../replay-locally.ts';
import type { OutputOptions, Session } from '../session.ts';

interface ReplayOptions extends OutputOptions {
  readonly local?: string;
}

export function addRunsReplayCommand(runs: Command, session: Session): void {
  addCommand(runs, 'replay', {
    summary:
      'replay a history that lies in a file: its steps, and the first event that the present code would not make',
    examples: ['imprint runs replay --local monday.json', 'imprint runs replay --local monday.json --json'],
  })
    .option(
      '--local <file>',
      'a history, as `runs export` writes it; nothing but the file is read, and nothing is changed',
    )
    .action(async ({ local, ...options }: ReplayOptions) => {
      if (local === undefined) throw new InvalidInputError('name a history with --local FILE');
      await replayLocally(session, local, options);
    });
}
