import { z } from 'zod';
import type { SettingDescription } from '../domain/setting-description.ts';

/** The part of JSON Schema that zod makes of what settings are written with. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/**
 * The settings of a provisioning system, from the schema with which its `validate` checks them: `.describe` says what each is for, `.default` what
 * holds without it. What stands in an object or a list follows it, under its own path.
 */
export function describeSettings(settings: z.ZodType): readonly SettingDescription[] {
  const schema = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as Schema;
  const choices = choicesOf(schema);
  return choices === undefined ? propertiesOf(schema, '') : settingsOfChoices(choices);
}

/** Settings of which one chooses what the others are: that one, and then what `settingsIn` says. */
function settingsOfChoices(choices: readonly Schema[]): readonly SettingDescription[] {
  return [...chooser(choices), ...settingsIn(choices, '')];
}

/** What all choices have in common, and what some have alone; each name once, with the choices under which it counts. */
function settingsIn(choices: readonly Schema[], path: string): readonly SettingDescription[] {
  const each = choices.flatMap((choice) => insideOfChoice(choice, path));
  const named = (name: string): readonly SettingDescription[] => each.filter((setting) => setting.name === name);
  const inAll = (name: string): boolean => named(name).length === choices.length;
  const names = [...new Set(each.map(({ name }) => name))];
  const own = conditionOf(choices, path);
  return [
    ...names.filter(inAll).map((name) => everywhere(merged(named(name), own), own)),
    ...names.filter((name) => !inAll(name)).map((name) => merged(named(name), own)),
  ];
}

/** How a condition of these choices begins: `power.kind is `. */
function conditionOf(choices: readonly Schema[], path: string): string {
  const [chosen = ''] = choices.map(fixedIn).find((fixed) => fixed !== undefined) ?? [];
  return `${path === '' ? chosen : `${path}.${chosen}`} is `;
}

function everywhere({ only, ...setting }: SettingDescription, own: string): SettingDescription {
  return only === undefined || only.startsWith(own) ? setting : { ...setting, only };
}

/** What several choices call by one name. Where they mean different things by it, its purpose says which choice means what. */
function merged(settings: readonly SettingDescription[], own: string): SettingDescription {
  const [first, ...others] = settings;
  if (first === undefined) throw new Error('a setting that no choice has');
  if (others.length === 0) return first;
  const conditions = [...new Set(settings.flatMap(({ only }) => only ?? []))];
  const values = conditions.map((only, index) => (index === 0 ? only : withoutStart(only, own)));
  const condition = conditions.length === 0 ? {} : { only: values.join(' or ') };
  const said = new Set(settings.map(({ only: _only, ...rest }) => JSON.stringify(rest)));
  if (said.size === 1) return { ...first, ...condition };
  return {
    name: first.name,
    type: [...new Set(settings.map(({ type }) => type))].join(' | '),
    required: settings.every(({ required }) => required),
    purpose: settings.map((setting) => purposeUnder(setting, own)).join('; '),
    ...condition,
  };
}

function purposeUnder({ only, purpose, default: standard }: SettingDescription, own: string): string {
  const choice = only === undefined ? '' : `${withoutStart(only, own)}: `;
  return `${choice}${purpose}${standard === undefined ? '' : ` (default ${JSON.stringify(standard)})`}`;
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}

function chooser(choices: readonly Schema[]): readonly SettingDescription[] {
  const values = choices.flatMap((choice) => {
    const fixed = fixedIn(choice);
    return fixed === undefined ? [] : [fixed];
  });
  const [first] = values;
  if (first === undefined) return [];
  const type = values.map(([, { const: value }]) => JSON.stringify(value)).join(' | ');
  return [{ name: first[0], type, required: true, purpose: first[1].description ?? '' }];
}

function fixedIn({ properties }: Schema): [string, Schema] | undefined {
  return Object.entries(properties ?? {}).find(([, { const: value }]) => value !== undefined);
}

function propertiesOf(schema: Schema, path: string, only?: string): readonly SettingDescription[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true;
    return [describe(property, at, { required, only }), ...within(property, at)];
  });
}

interface Place {
  readonly required: boolean;
  readonly only: string | undefined;
}

function describe(schema: Schema, name: string, { required, only }: Place): SettingDescription {
  return {
    name,
    type: typeOf(schema),
    required,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    purpose: schema.description ?? '',
    ...(only === undefined ? {} : { only }),
  };
}

/** What may be given inside of it. A value that chooses between objects is named by the choice. */
function within(schema: Schema, path: string): readonly SettingDescription[] {
  if (schema.items !== undefined) return within(schema.items, `${path}[]`);
  const choices = choicesOf(schema);
  return choices === undefined ? propertiesOf(schema, path) : settingsIn(choices, path);
}

function insideOfChoice(choice: Schema, path: string): readonly SettingDescription[] {
  const fixed = fixedIn(choice);
  if (fixed === undefined) return within(choice, path);
  const [name, value] = fixed;
  const { [name]: _chosen, ...properties } = choice.properties ?? {};
  const at = path === '' ? name : `${path}.${name}`;
  return propertiesOf({ ...choice, properties }, path, `${at} is ${JSON.stringify(value.const)}`);
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = choicesOf(schema);
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' | ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.properties !== undefined) return nameOfObject(schema.properties);
  return words[schema.type ?? ''] ?? schema.type ?? 'anything';
}

/** `{ kind: "ssh", … }` where one of its settings chooses it. */
function nameOfObject(properties: Readonly<Record<string, Schema>>): string {
  const names = Object.entries(properties).map(([name, { const: value }]) =>
    value === undefined ? name : `${name}: ${JSON.stringify(value)}`,
  );
  return names.length === 0 ? 'object' : `{ ${names.join(', ')} }`;
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true | false',
};

function choicesOf({ oneOf, anyOf }: Schema): readonly Schema[] | undefined {
  return oneOf ?? anyOf;
}
