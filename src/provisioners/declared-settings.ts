import type { z } from 'zod';
import type { Computer, Problem } from '../domain/computer.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { SettingDescription } from '../domain/setting-description.ts';
import { describeSettings } from './describe-settings.ts';

type Configured = Pick<Computer, 'name' | 'settings'>;

/** What a provisioner does with the settings of its computers, from the one schema that declares them. */
export interface DeclaredSettings<Settings> {
  /** Each setting, for people. */
  readonly settings: readonly SettingDescription[];
  /** All that is wrong with a computer's settings, each with the path of the setting; empty when nothing is. */
  readonly settingsProblems: (computer: Configured) => readonly Problem[];
  /** The settings with every default filled in; InvalidInputError, whose evidence lists every problem. */
  readonly readSettings: (computer: Configured) => Settings;
}

export function declareSettings<Schema extends z.ZodType>(schema: Schema): DeclaredSettings<z.output<Schema>> {
  return {
    settings: describeSettings(schema),
    settingsProblems: ({ settings }) => problemsOf(schema.safeParse(settings).error),
    readSettings: ({ name, settings }) => {
      const { success, data, error } = schema.safeParse(settings);
      if (success) return data;
      const problems = problemsOf(error);
      const listed = problems.map(({ where, problem }) => `${where}: ${problem}`).join('; ');
      throw new InvalidInputError(`settings of ${name}: ${listed}`, { evidence: { problems: [...problems] } });
    },
  };
}

function problemsOf(error: z.ZodError | undefined): readonly Problem[] {
  return (error?.issues ?? []).map(({ path, message }) => ({
    where: ['settings', ...path].map(String).join('.'),
    problem: message,
  }));
}
