import type { Command } from 'commander';
import { exitStatusHelp } from './exit-status.ts';

/** What `--help` says of a command. */
export interface CommandHelp {
  /** One line, without a full stop. */
  readonly summary: string;
  /** Command lines to copy. */
  readonly examples: readonly [string, ...string[]];
}

/** A command with `--json`, a one-line description and examples. `usage` is its name and arguments: `show <node>`. */
export function addCommand(parent: Command, usage: string, help: CommandHelp): Command {
  return parent
    .command(usage)
    .description(help.summary)
    .option('--json', 'print one JSON document at the end: the result or the error')
    .addHelpText('after', `\nExamples:\n${help.examples.map((example) => `  $ ${example}`).join('\n')}`);
}

/** A command that only groups others. */
export function addGroup(parent: Command, name: string, help: CommandHelp): Command {
  return parent
    .command(name)
    .description(help.summary)
    .addHelpText('after', `\nExamples:\n${help.examples.map((example) => `  $ ${example}`).join('\n')}`);
}

/** The table of exit statuses, as `--help` prints it. */
export function exitStatusTable(): string {
  return exitStatusHelp.map(([status, meaning]) => `  ${String(status).padStart(3)}  ${meaning}`).join('\n');
}
