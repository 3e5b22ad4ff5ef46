import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';
import { powerSettings, type PowerSettings } from '../../power/settings.ts';
import { declareSettings } from '../declared-settings.ts';

/** What else somebody sets here was meant for another provisioning system. */
const settingsSchema = z.strictObject({
  power: powerSettings.optional().describe('by what the machine is powered; absent: by hand'),
  userSshPort: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('port of the SSH server that users log in to; absent: the one over which Imprint works'),
});

const declared = declareSettings(settingsSchema);

export const { settings } = declared;

/** Its host keys are needed from the beginning: no console and no load ever tells them. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const wrong = declared.settingsProblems(computer);
  if (computer.hostKeys !== undefined && computer.hostKeys.length > 0) return wrong;
  return [...wrong, { where: 'hostKeys', problem: 'expected the public host keys of its SSH server' }];
}

/** The setting `power`; undefined where it is powered by hand. InvalidInputError for settings that `settingsProblems` refuses. */
export function powerSettingsOf(computer: Computer): PowerSettings | undefined {
  return declared.readSettings(computer).power;
}

/** Port of the SSH server that users log in to. */
export function userSshPortOf(computer: Computer): number {
  return declared.readSettings(computer).userSshPort ?? computer.sshPort;
}
