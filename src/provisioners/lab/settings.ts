import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { powerSettings, type PowerSettings } from '../../power/settings.ts';
import { describeSettings } from '../describe-settings.ts';

/** What else somebody sets here was meant for another provisioning system. */
const settingsSchema = z.strictObject({
  power: powerSettings.optional().describe('by what the machine is powered; absent: by hand'),
});

/** What may be set of a computer. */
export const settings = describeSettings(settingsSchema);

/** Its host keys are needed from the beginning: no console and no load ever tells them. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const parsed = settingsSchema.safeParse(computer.settings);
  const wrong = problemsOf(parsed.error);
  if (computer.hostKeys !== undefined && computer.hostKeys.length > 0) return wrong;
  return [...wrong, { where: 'hostKeys', problem: 'expected the public host keys of its SSH server' }];
}

/** The setting `power`; undefined where it is powered by hand. InvalidInputError for settings that `settingsProblems` refuses. */
export function powerSettingsOf(computer: Computer): PowerSettings | undefined {
  const parsed = settingsSchema.safeParse(computer.settings);
  if (parsed.success) return parsed.data.power;
  const problems = problemsOf(parsed.error);
  const text = problems.map(({ where, problem }) => `${where}: ${problem}`).join('; ');
  throw new InvalidInputError(`settings of ${computer.name}: ${text}`, { evidence: { problems: [...problems] } });
}

function problemsOf(error: z.ZodError | undefined): readonly Problem[] {
  return (error?.issues ?? []).map(({ path, message }) => ({
    where: ['settings', ...path.map(String)].join('.'),
    problem: message,
  }));
}
