import type { CallContext } from '../../domain/call-context.ts';
import type { Requirement } from '../../domain/requirement.ts';
import type { ComputerPower } from '../../power/power-module.ts';
import { powerRequirements } from '../power-requirements.ts';
import type { RequirementsRequest } from '../provisioner.ts';
import { toolRequirements, unreached } from '../tool-requirements.ts';
import type { Imaging } from './imaging.ts';
import { powerSettingsOf } from './settings.ts';

/** The controllers, and on the management node the address that machines boot from, and what their disks are compressed with. */
export async function baremetalRequirements(
  { power, imaging }: { readonly power: ComputerPower; readonly imaging: Imaging },
  request: RequirementsRequest,
  context: CallContext,
): Promise<readonly Requirement[]> {
  const here = { shell: request.library.shell, where: 'this management node' };
  return [
    await servedRequirement(imaging, context),
    ...(await toolRequirements(here, ['chunks'], context)),
    ...(await powerRequirements({ power, settingsOf: powerSettingsOf }, request, context)),
  ];
}

async function servedRequirement(imaging: Imaging, context: CallContext): Promise<Requirement> {
  const [where, what] = ['this management node', 'imaging address'];
  const [wrong] = imaging.problems();
  if (wrong !== undefined) {
    const remedy = `set ${wrong.where} for the worker of this management node`;
    return { where, what, found: wrong.problem, ok: false, remedy };
  }
  try {
    return { where, what, found: `${await imaging.look(context)} answers`, ok: true };
  } catch (error) {
    return unreached({ where, what }, error, context);
  }
}
