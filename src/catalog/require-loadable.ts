import type { Computer } from '../domain/computer.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { AfterCapture } from '../domain/run.ts';
import type { Catalog } from './catalog.ts';

type Driven = Pick<Computer, 'name' | 'provisioningSystem'>;

/** InvalidInputError where the system that drives the computer may not load what is installed as this operating system is. */
export async function requireLoadable(
  { operatingSystems }: Pick<Catalog, 'operatingSystems'>,
  { name, provisioningSystem }: Driven,
  operatingSystem: string,
): Promise<void> {
  if (await operatingSystems.isLoadable(provisioningSystem, operatingSystem)) return;
  throw new InvalidInputError(`${provisioningSystem}, which drives ${name}, cannot load ${operatingSystem}`);
}

/** What is to be captured, and what becomes of the node after it. */
interface Captured {
  readonly operatingSystem: string;
  readonly after: AfterCapture;
}

/**
 * Answers the systems that may load what is captured; the one that captures it need not be among them, unless it loads its node anew right after.
 * InvalidInputError where it could not, or where no system may load it: nobody could ever use that image.
 */
export async function requireUsable(
  catalog: Pick<Catalog, 'operatingSystems' | 'provisioningSystems'>,
  computer: Driven,
  { operatingSystem, after }: Captured,
): Promise<readonly string[]> {
  const { installType } = await catalog.operatingSystems.get(operatingSystem);
  const systems = await catalog.provisioningSystems.list();
  const able = systems.filter(({ installTypes }) => installTypes.includes(installType)).map(({ name }) => name);
  if (able.length === 0) {
    const { provisioningSystem } = computer;
    throw new InvalidInputError(
      `no provisioning system may load ${operatingSystem}, which is installed as ${installType}, so nobody could use the image; if ${provisioningSystem} loads it: imprint systems add ${provisioningSystem} --install-type ${installType}`,
    );
  }
  if (after === 'reload') await requireLoadable(catalog, computer, operatingSystem);
  return able;
}
