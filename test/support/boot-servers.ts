import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { startDaemon, tailOf, type Daemon } from './bmc-daemon.ts';
import type { DhcpServer, SegmentMachine } from './segment.ts';
import type { Close } from './vm-services.ts';

/** Where DHCP and TFTP servers run, and for whom. */
export interface BootServers {
  /** A directory for their files. */
  readonly home: string;
  readonly namespace: string;
  /** `10.9.0` */
  readonly network: string;
  readonly machines: readonly SegmentMachine[];
  /** What the TFTP server gives. */
  readonly tftp: string;
}

const documentation = new URL('../../docs/imaging.md', import.meta.url);

/** Starts them with the examples of docs/imaging.md, in which only addresses and machines are other ones. */
export async function startServers(dhcp: DhcpServer, servers: BootServers, closers: Close[]): Promise<void> {
  const onlyTftp = `enable-tftp\ntftp-root=${servers.tftp}\n`;
  closers.push((await startDnsmasq(servers, dhcp === 'dnsmasq' ? await dnsmasqExample(servers) : onlyTftp)).stop);
  if (dhcp === 'kea') closers.push((await startKea(servers)).stop);
}

async function startDnsmasq({ home, namespace }: BootServers, text: string): Promise<Daemon> {
  const configuration = join(home, 'dnsmasq.conf');
  await writeFile(configuration, text);
  const places = [`--conf-file=${configuration}`, `--dhcp-leasefile=${join(home, 'leases')}`, '--pid-file='];
  const flags = ['--keep-in-foreground', '--log-facility=-', '--user=root', '--port=0', '--interface=br0'];
  return await startIn(namespace, {
    words: ['dnsmasq', ...places, ...flags],
    log: join(home, 'dnsmasq.log'),
    ready: 'TFTP root',
  });
}

async function dnsmasqExample({ network, machines, tftp }: BootServers): Promise<string> {
  const hosts = machines.map(({ mac, address }) => `dhcp-host=${mac},${address}`).join('\n');
  return (await exampleOf(/^dnsmasq:\n\n```\n([^`]+)```$/m, network))
    .replace(/^dhcp-host=.*$/m, hosts)
    .replace('/srv/tftp', tftp);
}

/** Kea is told where it listens and keeps its leases, too, which Debian's own configuration says. */
async function startKea({ home, namespace, network, machines }: BootServers): Promise<Daemon> {
  const example = await exampleOf(/^ISC Kea.*\n\n```json\n([^`]+)```$/m, network);
  const configuration = JSON.parse(example) as { subnet4: { reservations: unknown }[] } & Record<string, unknown>;
  for (const subnet of configuration.subnet4)
    subnet.reservations = machines.map(({ mac, address }) => ({ 'hw-address': mac, 'ip-address': address }));
  const whole = {
    ...configuration,
    'interfaces-config': { interfaces: ['br0'] },
    'lease-database': { type: 'memfile', persist: false },
  };
  // In the example the TFTP server is the management node.
  const text = JSON.stringify({ Dhcp4: whole }).replaceAll(
    `"next-server":"${network}.1"`,
    `"next-server":"${network}.2"`,
  );
  const file = join(home, 'kea.json');
  await writeFile(file, text);
  const runtime = join(home, 'kea');
  await mkdir(runtime);
  const env = { KEA_PIDFILE_DIR: runtime, KEA_LOCKFILE_DIR: runtime };
  const words = ['kea-dhcp4', '-c', file];
  return await startIn(namespace, { words, log: join(home, 'kea.log'), ready: 'DHCP4_STARTED', env });
}

async function exampleOf(pattern: RegExp, network: string): Promise<string> {
  const example = pattern.exec(await readFile(documentation, 'utf8'))?.[1];
  if (example === undefined) throw new Error(`docs/imaging.md has no example like ${String(pattern)}`);
  return example.replaceAll('10.9.0', network);
}

interface Server {
  readonly words: readonly string[];
  readonly log: string;
  /** What it prints when it serves. */
  readonly ready: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function startIn(namespace: string, { words, log, ready, env = {} }: Server): Promise<Daemon> {
  const daemon = startDaemon({ file: 'ip', args: ['netns', 'exec', namespace, ...words], log, env });
  try {
    await vi.waitFor(async () => {
      if (!(await readFile(log, 'utf8').catch(() => '')).includes(ready))
        throw new Error(`${words[0] ?? ''}: ${await tailOf(log)}`);
    }, 30_000);
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}
