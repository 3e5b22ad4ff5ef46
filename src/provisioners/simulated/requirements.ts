import type { Requirement } from '../../domain/requirement.ts';
import type { SimulatedWorld } from './world.ts';

/** The simulated system needs its world and nothing else. */
export async function simulatedRequirements(world: SimulatedWorld): Promise<readonly Requirement[]> {
  const machines = await world.machines();
  const found = `${String(machines.size)} machines were looked at so far`;
  return [{ where: 'this management node', what: 'simulated world', found, ok: true }];
}
