import { NotFoundError } from '../domain/errors.ts';

/** NotFoundError, with the names that there are, for a provisioning system that this program has no module for. */
export async function refuseUnknownSystem(system: string): Promise<void> {
  // Provisioners bring libraries that other commands do without.
  const { describeSystems } = await import('../worker/describe-systems.ts');
  const names = Object.keys(describeSystems());
  if (names.includes(system)) return;
  throw new NotFoundError(
    `no module drives a provisioning system ${JSON.stringify(system)}; there are ${names.join(', ')}`,
  );
}
