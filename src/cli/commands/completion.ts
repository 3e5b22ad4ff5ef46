import { Argument, type Command } from 'commander';
import { addCommand } from '../command.ts';
import { readNames } from '../completion/read-names.ts';
import { completionScripts, shells, type Shell } from '../completion/scripts.ts';
import { whatToComplete, type Candidate } from '../completion/what-to-complete.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

export function addCompletionCommands(program: Command, session: Session): void {
  addCommand(program, 'completion', {
    summary: 'print what teaches a shell to complete commands, options and names',
    examples: [
      'source <(imprint completion bash)     # in ~/.bashrc',
      'source <(imprint completion zsh)      # in ~/.zshrc, after compinit',
      'imprint completion fish | source      # in ~/.config/fish/config.fish',
    ],
  })
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell: Shell, options: OutputOptions) => {
      const script = completionScripts[shell];
      printResult(session, options, { shell, script }, script);
    });
  addComplete(program, session);
}

/** What those scripts ask; it is for them alone, and never fails. */
function addComplete(program: Command, session: Session): void {
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const wanted = whatToComplete(program, words);
      if (wanted.kind === 'files') session.terminal.print(':files');
      else if (wanted.kind === 'words') print(session, wanted.candidates, words);
      else {
        const names = await readNames(wanted.of);
        print(
          session,
          names.map(({ value, ...name }) => ({ ...name, value: `${wanted.lead}${value}` })),
          words,
        );
      }
    });
}

function print({ terminal }: Session, candidates: readonly Candidate[], words: readonly string[]): void {
  const fitting = candidates.filter(({ value }) => value.startsWith(words.at(-1) ?? ''));
  if (fitting.length === 0) return;
  terminal.print(
    fitting.map(({ value, description }) => (description === '' ? value : `${value}\t${description}`)).join('\n'),
  );
}
