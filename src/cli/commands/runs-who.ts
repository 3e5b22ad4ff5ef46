import { userInfo } from 'node:os';
import type { Command } from 'commander';

/** Who says something to a run, and why. */
export function addWho(command: Command): Command {
  return addBy(command.option('--reason <text>', 'why; kept in the record of the run'));
}

export function addBy(command: Command): Command {
  return command.option('--by <name>', 'who says so', userInfo().username);
}

export function addHoldOption(command: Command): Command {
  return command.option(
    '--hold <id>',
    'at this hold only, as `runs held --json` names it; refused when the run waits at another',
  );
}
