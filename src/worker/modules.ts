import type { ModuleDependencies } from '../activities/dependencies.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { WorkerConfig } from '../config.ts';
import type { Computer } from '../domain/computer.ts';
import { NotFoundError, UnsupportedError } from '../domain/errors.ts';
import { listFrames } from '../library/chunks/frames.ts';
import type { OperatingSystemOptions, StandardAccess } from '../os/operating-system.ts';
import { createLeasedTurns } from '../power/leased-turns.ts';
import { findOperatingSystem } from '../os/registry.ts';
import { createSiteDirectory } from '../os/site-directory.ts';
import { createComputerPower } from '../power/computer-power.ts';
import {
  createBaremetal,
  createLab,
  createLibvirt,
  createNetworkService,
  createProvisioners,
  createSimulatedProvisioner,
  createSimulatedWorld,
  createXcatProvisioner,
  directoryStore,
  provisionerNames,
  type HostSettings,
  type SimulatedWorld,
} from '../provisioners/registry.ts';
import { createJobs } from '../remote/jobs.ts';
import type { Launch } from '../remote/launch.ts';
import type { Secrets } from '../remote/secrets.ts';
import { createSecrets } from '../remote/secrets.ts';
import { createShellPool, type ShellPool } from '../remote/shell-pool.ts';
import type { Shell } from '../remote/shell.ts';
import { createImagingOrders } from './imaging-orders.ts';

/** The modules of one management node, and how to let go of their connections. */
export interface Modules {
  readonly dependencies: ModuleDependencies;
  /** Provisioning systems that this worker can drive. */
  readonly systems: readonly string[];
  close(): Promise<void>;
}

/** `launch`: who starts the commands on this host; default: this process. */
export function createModules(config: WorkerConfig, catalog: Catalog, launch?: Launch): Modules {
  const pool = createShellPool(launch);
  const jobs = createJobs();
  const secrets = createSecrets({
    values: config.secrets,
    ...(config.IMPRINT_SECRETS === undefined ? {} : { directory: config.IMPRINT_SECRETS }),
  });
  const power = { secrets, shell: pool.local, turns: createLeasedTurns(catalog.bmcTurns, processName(config)) };
  const provisioners = createProvisioners({
    baremetal: () =>
      createBaremetal({
        power: (settingsOf) => createComputerPower(power, settingsOf),
        imaging: createImagingOrders(config),
        capturedDisk: async (file) => (await listFrames(file)).layout.disk,
      }),
    lab: () => createLab(power),
    libvirt: () => createLibvirt({ jobs, shellFor: (host) => hostShell(pool, secrets, host) }),
    'network-service': () => createNetworkService({ shellFor: (host) => hostShell(pool, secrets, host) }),
    simulated: () => createSimulatedProvisioner(openWorld(config)),
    xcat: () => createXcatProvisioner({ jobs, shellFor: (host) => hostShell(pool, secrets, host) }),
  });
  const root = config.IMPRINT_LIBRARY;
  const library = { name: config.IMPRINT_MANAGEMENT_NODE, root, shell: pool.local };
  const dependencies: ModuleDependencies = {
    catalog,
    jobs,
    library,
    provisioner: (name) => provisioners.get(name),
    operatingSystem: (module) => findOperatingSystem(module, operatingSystemOptions(config)),
    nodeShell: (computer) => pool.ssh(nodeTarget(computer, config, secrets)),
    libraryKey: async () => await secrets.resolve(config.IMPRINT_LIBRARY_KEY),
    standardAccess: async () => await standardAccess(config, secrets),
  };
  return { dependencies, systems: drivableSystems(config), close: async () => await closeAll(pool) };
}

/** Shown to whoever looks at who speaks to a management controller. */
function processName(config: WorkerConfig): string {
  return `${config.IMPRINT_MANAGEMENT_NODE} pid ${String(process.pid)}`;
}

function operatingSystemOptions(config: WorkerConfig): OperatingSystemOptions {
  const { IMPRINT_SITE: site, IMPRINT_SSH_FROM: sources, IMPRINT_SITE_SCRIPT_SECONDS: siteScriptSeconds } = config;
  return {
    siteScriptSeconds,
    ...(site === undefined ? {} : { site: createSiteDirectory(site) }),
    ...(sources === undefined ? {} : { sshSources: sources.split(',') }),
  };
}

/** The simulated system exists where a world for it is named; all others are always there. */
function drivableSystems(config: WorkerConfig): readonly string[] {
  return provisionerNames.filter((name) => name !== 'simulated' || config.IMPRINT_SIMULATED_WORLD !== undefined);
}

function openWorld(config: WorkerConfig): SimulatedWorld {
  const directory = config.IMPRINT_SIMULATED_WORLD;
  if (directory === undefined)
    throw new UnsupportedError('this worker has no simulated world: set IMPRINT_SIMULATED_WORLD');
  return createSimulatedWorld({ seed: directory, store: directoryStore(directory) });
}

/** The host that a computer's settings name: of virtual machines, of xCAT, of services. */
function hostShell(pool: ShellPool, secrets: Secrets, host: HostSettings): Shell {
  if (host.kind === 'local') return pool.local;
  const { address, port, user, hostKeys, keySecret } = host;
  return pool.ssh({ address, port, user, hostKeys, privateKey: async () => await secrets.resolve(keySecret) });
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
