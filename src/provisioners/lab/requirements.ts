import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { powerRequirements, type Powered } from '../power-requirements.ts';
import type { RequirementsRequest } from '../provisioner.ts';

/** A lab machine is used over SSH, with the host keys that an administrator gave, and powered by the module that its settings name. */
export async function labRequirements(
  powered: Powered,
  request: RequirementsRequest,
  context: CallContext,
): Promise<readonly Requirement[]> {
  const { computers, observe } = request;
  const ssh = await Promise.all(computers.map(async (computer) => await sshRequirement(computer, observe)));
  return [...ssh, ...(await powerRequirements(powered, request, context))];
}

async function sshRequirement(computer: Computer, observe: RequirementsRequest['observe']): Promise<Requirement> {
  const { ssh, reason } = await observe(computer);
  const { name: where, address } = computer;
  const remedy = `switch ${where} on, let root in with the node key at ${address}, and give its host keys: imprint nodes edit ${where} --host-key KEY`;
  return { where, what: 'SSH', found: reason, ok: ssh, ...(ssh ? {} : { remedy }) };
}
