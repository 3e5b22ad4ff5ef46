import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';
import { describeSettings } from '../describe-settings.ts';

/** A lab machine has no settings: what somebody sets here was meant for another provisioning system. */
const settingsSchema = z.strictObject({});

/** What may be set of a computer. */
export const settings = describeSettings(settingsSchema);

/** Its host keys are needed from the beginning: no console and no load ever tells them. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const parsed = settingsSchema.safeParse(computer.settings);
  const wrong = (parsed.error?.issues ?? []).map(({ path, message }) => ({
    where: ['settings', ...path.map(String)].join('.'),
    problem: message,
  }));
  if (computer.hostKeys !== undefined && computer.hostKeys.length > 0) return wrong;
  return [...wrong, { where: 'hostKeys', problem: 'expected the public host keys of its SSH server' }];
}
