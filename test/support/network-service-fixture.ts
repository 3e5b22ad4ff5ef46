import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Computer } from '../../src/domain/computer.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createNetworkService } from '../../src/provisioners/network-service/index.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { ProvisionerFixture } from './provisioner-suite.ts';
import { ip, namespaceName, startRouter, type Router } from './router.ts';

const run = promisify(execFile);

let numbers = 0;

export function serviceComputer(name: string, settings: Readonly<Record<string, unknown>>): Computer {
  numbers += 1;
  return {
    id: 1_000_000 + numbers,
    name,
    managementNode: 'mn-test',
    provisioningSystem: 'network-service',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 1,
    cpus: 1,
    settings,
    state: 'available',
  };
}

/** The provisioner on this host, with a library and a directory of its own. */
export interface ServiceHost extends Pick<ProvisionerFixture, 'provisioner' | 'library' | 'jobs' | 'context'> {
  readonly root: string;
  readonly stateDirectory: string;
  remove(): Promise<void>;
}

export async function createServiceHost(): Promise<ServiceHost> {
  const root = await mkdtemp(join(tmpdir(), 'imprint-service-'));
  const shell = createLocalShell();
  const library = { name: 'mn-test', root: join(root, 'library'), shell };
  const context = { signal: AbortSignal.timeout(170_000), progress: () => undefined };
  await mkdir(library.root);
  await prepare(library, context);
  return {
    root,
    stateDirectory: join(root, 'state'),
    provisioner: createNetworkService({ shellFor: () => shell }),
    library,
    jobs: createJobs({ pollIntervalMs: 50 }),
    context,
    remove: async () => await rm(root, { recursive: true, force: true }),
  };
}

/** What somebody has configured on a router by hand. */
export const configuredByHand = [
  'ip route 10.99.0.0/16 blackhole',
  'ip prefix-list LAN seq 5 permit 10.0.0.0/8 le 24',
  'interface lo',
  'ip address 192.0.2.1/32',
  'ip ospf area 0.0.0.0',
  'exit',
  'router bgp 65001',
  'neighbor 192.0.2.2 remote-as 65002',
  'neighbor 192.0.2.2 password do-not-tell',
  'exit',
  'router ospf',
  'ospf router-id 192.0.2.1',
] as const;

/** Beside the `source`, which is configured and stays as it is, a router that runs something else. */
export async function createFrrFixture(source: Router): Promise<ProvisionerFixture> {
  const host = await createServiceHost();
  const target = await startRouter();
  await target.configure('hostname other', 'ip route 10.1.0.0/16 blackhole', 'router ospf', 'ospf router-id 192.0.2.9');
  const { stateDirectory } = host;
  const settingsOf = (router: Router) => ({ service: 'frr', pathspace: router.name, stateDirectory });
  const routers = new Map([source, target].map((router) => [router.name, router]));
  const loadedState = async ({ name }: Computer): Promise<unknown> => {
    const router = routers.get(name);
    return { running: await router?.running(), persisted: await router?.persisted(), note: await noteOf(host, name) };
  };
  const sourceComputer = serviceComputer(source.name, settingsOf(source));
  return {
    ...host,
    source: sourceComputer,
    target: serviceComputer(target.name, { ...settingsOf(target), restart: [target.restartProgram] }),
    misconfigured: { ...sourceComputer, settings: { service: 'frr', pathspace: '../etc' } },
    ...withoutSystem,
    loadedState,
    close: async () => {
      await target.close();
      await host.remove();
    },
  };
}

/** A rule set with counters, and sets whose elements come and go. */
export const ruleSet = `
table inet filter {
  counter web { }
  set allowed { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }
  set seen { type ipv4_addr; flags dynamic,timeout; timeout 5m; }
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related counter accept
    ip saddr @allowed tcp dport { 22, 443 } counter name web accept
    tcp dport 80 add @seen { ip saddr } accept
  }
}
table ip nat {
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
`;

/** A network namespace in which `nft` runs. */
export interface Filter {
  readonly namespace: string;
  nft(args: readonly string[], input?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startFilter(rules: string): Promise<Filter> {
  const namespace = namespaceName();
  await ip('netns', 'add', namespace);
  const nft = async (args: readonly string[], input?: string): Promise<string> => {
    const running = run('ip', ['netns', 'exec', namespace, 'nft', ...args]);
    if (input !== undefined) running.child.stdin?.end(input);
    return (await running).stdout;
  };
  await nft(['-f', '-'], rules);
  return { namespace, nft, close: async () => await ip('netns', 'del', namespace) };
}

/** Two namespaces with rule sets: `source` has `ruleSet`, `target` something else. */
export async function createNftablesFixture(): Promise<ProvisionerFixture> {
  const host = await createServiceHost();
  const source = await startFilter(ruleSet);
  const target = await startFilter('table ip old { chain c { ip daddr 192.0.2.1 counter drop\n }\n }\n');
  const { stateDirectory, root } = host;
  const fileOf = (name: string): string => join(root, `${name}.conf`);
  const computerOf = ({ namespace }: Filter): Computer =>
    serviceComputer(namespace, { service: 'nftables', namespace, stateDirectory, file: fileOf(namespace) });
  const filters = new Map([source, target].map((filter) => [filter.namespace, filter]));
  const loadedState = async ({ name }: Computer): Promise<unknown> => ({
    running: await filters.get(name)?.nft(['list', 'ruleset']),
    persisted: await readFile(fileOf(name), 'utf8').catch(() => 'none'),
    note: await noteOf(host, name),
  });
  return {
    ...host,
    source: computerOf(source),
    target: computerOf(target),
    misconfigured: { ...computerOf(source), settings: { service: 'nftables', tables: ['filter'] } },
    ...withoutSystem,
    loadedState,
    close: async () => {
      await Promise.all([source.close(), target.close()]);
      await host.remove();
    },
  };
}

const withoutSystem: Pick<ProvisionerFixture, 'actOnSystem' | 'observe'> = {
  actOnSystem: async () => await Promise.reject(new Error('there is no operating system')),
  observe: async () => await Promise.reject(new Error('there is no operating system to ask')),
};

async function noteOf({ stateDirectory }: Pick<ServiceHost, 'stateDirectory'>, name: string): Promise<string> {
  return await readFile(join(stateDirectory, name, 'loaded.json'), 'utf8').catch(() => 'none');
}
