import type { Argument, Command, Option } from 'commander';

/** What may stand where the cursor is. */
export type Wanted =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  /** Names that the catalog has. `lead` is what each begins with on the line: `--image=`. */
  | { readonly kind: 'names'; readonly of: NameKind; readonly lead: string }
  | { readonly kind: 'files' };

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export type NameKind = 'nodes' | 'images' | 'runs' | 'systems' | 'managementNodes' | 'operatingSystems';

/** What the arguments and options of these names stand for. */
const namesOf: Readonly<Record<string, NameKind>> = {
  node: 'nodes',
  image: 'images',
  run: 'runs',
  system: 'systems',
  'management-node': 'managementNodes',
  'operating-system': 'operatingSystems',
  os: 'operatingSystems',
};

const nothing: Wanted = { kind: 'words', candidates: [] };

/** Decides from the words after the program's name, the last of which is being typed. */
export function whatToComplete(program: Command, words: readonly string[]): Wanted {
  const typed = words.at(-1) ?? '';
  const { command, position, awaiting, onlyOperands } = standAfter(program, words.slice(0, -1));
  if (awaiting !== undefined) return valueOf(awaiting, '');
  if (!onlyOperands && typed.startsWith('-')) return optionsOf(command, typed);
  if (command.commands.length > 0) return { kind: 'words', candidates: subcommandsOf(command) };
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[position] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? nothing : operandOf(command, argument);
}

interface Standing {
  readonly command: Command;
  /** How many arguments the command has got. */
  readonly position: number;
  /** The option whose value comes next. */
  readonly awaiting?: Option;
  /** After `--`. */
  readonly onlyOperands: boolean;
}

function standAfter(program: Command, words: readonly string[]): Standing {
  const start: Standing = { command: program, position: 0, onlyOperands: false };
  return words.reduce<Standing>(step, start);
}

function step({ awaiting, ...standing }: Standing, word: string): Standing {
  const { command, position, onlyOperands } = standing;
  if (awaiting !== undefined) return standing;
  if (!onlyOperands && word === '--') return { ...standing, onlyOperands: true };
  if (!onlyOperands && word.startsWith('-')) {
    const option = optionNamed(command, word);
    return option !== undefined && takesValue(option) ? { ...standing, awaiting: option } : standing;
  }
  const sub = position === 0 ? command.commands.find((candidate) => candidate.name() === word) : undefined;
  return sub === undefined ? { ...standing, position: position + 1 } : { ...standing, command: sub };
}

function optionNamed(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** Options, or after `--option=` its values. */
function optionsOf(command: Command, typed: string): Wanted {
  const [, name] = /^(--[^=]+)=/.exec(typed) ?? [];
  if (name !== undefined) {
    const option = optionNamed(command, name);
    return option === undefined ? nothing : valueOf(option, `${name}=`);
  }
  const visible = command.createHelp().visibleOptions(command);
  const candidates = visible.map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
  return { kind: 'words', candidates };
}

function valueOf(option: Option, lead: string): Wanted {
  if (option.argChoices !== undefined) return choices(option.argChoices, lead);
  if (/<(file|directory)>/.test(option.flags)) return { kind: 'files' };
  const of = namesOf[option.name()];
  return of === undefined ? nothing : { kind: 'names', of, lead };
}

function operandOf(command: Command, argument: Argument): Wanted {
  if (argument.argChoices !== undefined) return choices(argument.argChoices, '');
  if (argument.name() === 'file') return { kind: 'files' };
  const of = namesOf[argument.name()];
  // What is added has a new name.
  return of === undefined || command.name() === 'add' ? nothing : { kind: 'names', of, lead: '' };
}

function choices(values: readonly string[], lead: string): Wanted {
  return { kind: 'words', candidates: values.map((value) => ({ value: `${lead}${value}`, description: '' })) };
}

function subcommandsOf(command: Command): readonly Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((sub) => ({ value: sub.name(), description: sub.description() }));
}
