import type { Computer } from '../../domain/computer.ts';
import type { Requirement } from '../../domain/requirement.ts';
import type { RequirementsRequest } from '../provisioner.ts';

/** A lab machine is used over SSH alone, with the host keys that an administrator gave. */
export async function labRequirements({ computers, observe }: RequirementsRequest): Promise<readonly Requirement[]> {
  return await Promise.all(computers.map(async (computer) => await sshRequirement(computer, observe)));
}

async function sshRequirement(computer: Computer, observe: RequirementsRequest['observe']): Promise<Requirement> {
  const { ssh, reason } = await observe(computer);
  const { name: where, address } = computer;
  const remedy = `switch ${where} on, let root in with the node key at ${address}, and give its host keys: imprint nodes edit ${where} --host-key KEY`;
  return { where, what: 'SSH', found: reason, ok: ssh, ...(ssh ? {} : { remedy }) };
}
