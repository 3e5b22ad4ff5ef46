import type { CallContext } from '../domain/call-context.ts';
import type { Computer } from '../domain/computer.ts';
import type { Requirement } from '../domain/requirement.ts';
import type { ComputerPower } from '../power/power-module.ts';
import type { PowerSettingsOf } from '../power/computer-power.ts';
import type { RequirementsRequest } from './provisioner.ts';
import { toolRequirements, unreached } from './tool-requirements.ts';

/** What drives the power of some computers, and where their settings say so. */
export interface Powered {
  readonly power: ComputerPower;
  readonly settingsOf: PowerSettingsOf;
}

/** The tool of each kind of power module that is used, on the management node, and a reading of each machine that has one. */
export async function powerRequirements(
  { power, settingsOf }: Powered,
  { computers, library }: Pick<RequirementsRequest, 'computers' | 'library'>,
  context: CallContext,
): Promise<readonly Requirement[]> {
  const powered = computers.filter((computer) => power.has(computer));
  const place = { shell: library.shell, where: 'this management node' };
  const isIpmi = powered.some((computer) => settingsOf(computer)?.kind === 'ipmi');
  const tools = isIpmi ? await toolRequirements(place, ['ipmi'], context) : [];
  return [...tools, ...(await Promise.all(powered.map(async (computer) => await reading(power, computer, context))))];
}

async function reading(power: ComputerPower, computer: Computer, context: CallContext): Promise<Requirement> {
  const [where, what] = [computer.name, 'power'];
  try {
    const { value, raw } = await power.read(computer, context);
    return { where, what, found: `it reads ${value}: ${raw.trim()}`, ok: true };
  } catch (error) {
    return unreached({ where, what }, error, context);
  }
}
