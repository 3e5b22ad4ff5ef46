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

/** Settings of which one chooses what the others are: that one, what all choices have in common, and what each has alone. */
function settingsOfChoices(choices: readonly Schema[]): readonly SettingDescription[] {
  const each = choices.flatMap((choice) => insideOfChoice(choice, ''));
  const inAll = ({ name }: SettingDescription) => each.filter((other) => other.name === name).length === choices.length;
  const first = (setting: SettingDescription) => each.find(({ name }) => name === setting.name) === setting;
  const named = chooser(choices);
  const everywhere = ({ only, ...setting }: SettingDescription): SettingDescription =>
    only === undefined || named.some(({ name }) => only.startsWith(`${name} is `)) ? setting : { ...setting, only };
  const shared = each.filter((setting) => inAll(setting) && first(setting)).map(everywhere);
  return [...named, ...shared, ...each.filter((setting) => !inAll(setting))];
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
  if (choices === undefined) return propertiesOf(schema, path);
  return choices.flatMap((choice) => insideOfChoice(choice, path));
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
