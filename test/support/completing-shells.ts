/** Shells that can be asked, without a terminal, what they would offer. */
export type CompletingShell = 'bash' | 'zsh' | 'fish';

/** What keeps a user's own start-up files out of a test. */
export const withoutStartup: Readonly<Record<CompletingShell, readonly string[]>> = {
  bash: ['--norc', '--noprofile'],
  zsh: ['-f'],
  fish: ['--no-config'],
};

/** A script that reads the completion of `imprint` and prints what is offered at the end of each line, with `====` between them. */
export function askingScript(shell: CompletingShell, lines: readonly string[]): string {
  return [...preludes[shell], lines.map((line) => asks[shell](line)).join("\necho '===='\n"), ''].join('\n');
}

const preludes: Readonly<Record<CompletingShell, readonly string[]>> = {
  bash: [
    'source <(imprint completion bash)',
    '[[ $(complete -p imprint) == *"-F _imprint_complete imprint" ]] || echo "not registered"',
    // Completion options are those of a completion that readline asks for.
    'compopt() { :; }',
    `ask() { COMP_LINE=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _imprint_complete; printf '%s\\n' "\${COMPREPLY[@]}"; }`,
  ],
  // The functions of zsh's completion system exist only while it completes: these print what it would be told.
  zsh: [
    'compdef() { [[ "$*" == "_imprint imprint" ]] || echo "not registered" }',
    '_describe() { print -rl -- "${(@)${(@P)2}%%:*}" }',
    '_files() { }',
    'source <(imprint completion zsh)',
    'ask() { words=("$@"); CURRENT=$#; _imprint }',
  ],
  fish: [
    'imprint completion fish | source',
    `function ask; complete -C"$argv[1]" | string replace -r '\\t.*' ''; or true; end`,
  ],
};

const asks: Readonly<Record<CompletingShell, (line: string) => string>> = {
  bash: (line) => `ask ${[line, ...cutByReadline(line)].map(literal).join(' ')}`,
  zsh: (line) => `ask ${cutAtBlanks(line).map(literal).join(' ')}`,
  fish: (line) => `ask ${literal(line)}`,
};

/** As bash hands the words of a line over: the equals sign is a word of its own. */
function cutByReadline(line: string): readonly string[] {
  return cutAtBlanks(line).flatMap((word) => (word.includes('=') ? word.split(/(=)/) : [word]));
}

/** A command in parentheses is one word. */
function cutAtBlanks(line: string): readonly string[] {
  return line.match(/\$\([^)]*\)|[^ ]+| (?=$)/g)?.map((word) => word.trim()) ?? [];
}

function literal(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
