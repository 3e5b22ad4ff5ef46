import { dirname, join } from 'node:path';
import type { TestImprint } from './imprint.ts';

/** The install type of what is no disk. */
export const installType = 'configuration';

/** Makes FRR and nftables known as what network-service loads, as an administrator does once. */
export async function introduceServices({ catalog }: TestImprint): Promise<void> {
  await catalog.provisioningSystems.allow('mn-test', 'network-service');
  for (const name of ['frr', 'nftables']) await catalog.operatingSystems.register({ name, installType });
  await catalog.operatingSystems.allowInstallType('network-service', installType);
}

/** Adds a service as a node; what loads find there is kept beside the library. Returns its name. */
export async function addService(
  imprint: TestImprint,
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<string> {
  await imprint.catalog.computers.add({
    name,
    managementNode: 'mn-test',
    provisioningSystem: 'network-service',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1,
    cpus: 1,
    settings: { stateDirectory: stateDirectoryOf(imprint), ...settings },
  });
  return name;
}

export function stateDirectoryOf({ library }: Pick<TestImprint, 'library'>): string {
  return join(dirname(library), 'state');
}
