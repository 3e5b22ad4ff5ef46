import { join } from 'node:path';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { WorkerConfig } from '../config.ts';
import type { Computer } from '../domain/computer.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { StandardAccess } from '../os/operating-system.ts';
import { createOperatingSystems } from '../os/registry.ts';
import { createProvisioners } from '../provisioners/registry.ts';
import { createJobs } from '../remote/jobs.ts';
import type { Secrets } from '../remote/secrets.ts';
import { createSecrets } from '../remote/secrets.ts';
import { createShellPool, type ShellPool } from '../remote/shell-pool.ts';

/** The modules of one management node, and how to let go of their connections. */
export interface Modules {
  readonly dependencies: ActivityDependencies;
  /** Provisioning systems that this worker can drive. */
  readonly systems: readonly string[];
  close(): Promise<void>;
}

export function createModules(config: WorkerConfig, catalog: Catalog): Modules {
  const pool = createShellPool();
  const jobs = createJobs();
  const secrets = createSecrets({
    values: config.secrets,
    ...(config.IMPRINT_SECRETS === undefined ? {} : { directory: config.IMPRINT_SECRETS }),
  });
  const provisioners = createProvisioners({ pool, jobs, secrets, ...simulated(config) });
  const operatingSystems = createOperatingSystems(simulated(config));
  const root = config.IMPRINT_LIBRARY;
  const library = { name: config.IMPRINT_MANAGEMENT_NODE, root, shell: pool.local };
  const dependencies: ActivityDependencies = {
    catalog,
    jobs,
    library,
    scratch: join(root, '.scratch'),
    provisioner: (name) => provisioners.get(name),
    operatingSystem: (module) => operatingSystems.get(module),
    nodeShell: (computer) => pool.ssh(nodeTarget(computer, config, secrets)),
    standardAccess: async () => await standardAccess(config, secrets),
  };
  return { dependencies, systems: provisioners.names, close: async () => await closeAll(pool) };
}

function simulated(config: WorkerConfig): { simulatedWorld?: string } {
  return config.IMPRINT_SIMULATED_WORLD === undefined ? {} : { simulatedWorld: config.IMPRINT_SIMULATED_WORLD };
}

function nodeTarget(computer: Computer, config: WorkerConfig, secrets: Secrets) {
  return {
    address: computer.address,
    port: computer.sshPort,
    user: 'root',
    privateKey: async () => await secrets.resolve(config.IMPRINT_NODE_KEY),
    hostKeys: computer.hostKeys ?? [],
  };
}

async function standardAccess(config: WorkerConfig, secrets: Secrets): Promise<StandardAccess> {
  const authorized = await secrets.resolve(config.IMPRINT_AUTHORIZED_KEYS);
  const rootPasswordHash = await optional(secrets, config.IMPRINT_ROOT_PASSWORD);
  return {
    authorizedKeys: authorized.split('\n').filter((line) => line.trim() !== ''),
    ...(rootPasswordHash === undefined ? {} : { rootPasswordHash }),
  };
}

async function optional(secrets: Secrets, name: string): Promise<string | undefined> {
  try {
    return await secrets.resolve(name);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function closeAll(pool: ShellPool): Promise<void> {
  await pool.closeAll();
}
