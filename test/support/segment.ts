import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstScript } from '../../src/imaging/boot-script.ts';
import { startServers } from './boot-servers.ts';
import { ip, namespaceName } from './router.ts';
import type { Close } from './vm-services.ts';

/** A machine of the segment, as its DHCP server knows it. */
export interface SegmentMachine {
  readonly mac: string;
  readonly address: string;
}

/**
 * A network segment for machines that boot over the network: a bridge in a namespace of its own, with the DHCP and TFTP server that docs/imaging.md tells
 * how to configure. This host is on it as the management node.
 */
export interface Segment {
  /** Where the bridge `br0` is; what starts machines runs in it. */
  readonly namespace: string;
  /** Of this host. */
  readonly address: string;
  /** Reserved addresses of the machines, in order. */
  readonly machines: readonly SegmentMachine[];
  /** Bytes that this host got from the segment so far. */
  bytesReceived(): Promise<number>;
  /** Bytes that this host sent to it. */
  bytesSent(): Promise<number>;
  /** Takes this host's cable out, and puts it in again. */
  cut(): Promise<void>;
  join(): Promise<void>;
}

const networkPrograms = ['undionly.kpxe', 'ipxe.efi'];

/** What gives the machines their addresses, and tells them what to boot. */
export type DhcpServer = 'dnsmasq' | 'kea';

export interface SegmentOptions {
  /** A directory for its files. */
  readonly home: string;
  readonly macs: readonly string[];
  readonly dhcp: DhcpServer;
}

/** Needs root. What ends it is put into `closers` as it is made. */
export async function startSegment({ home, macs, dhcp }: SegmentOptions, closers: Close[]): Promise<Segment> {
  const namespace = namespaceName();
  const network = networkOf(process.pid);
  const machines = macs.map((mac, index) => ({ mac, address: `${network}.${String(17 + index)}` }));
  const [address, card] = [`${network}.1`, `${namespace}h`];
  await ip('netns', 'add', namespace);
  closers.push(async () => await ip('netns', 'del', namespace));
  await layCables(namespace, { card, address: `${address}/24`, serverAddress: `${network}.2/24` });
  const tftp = await writeTftp(join(home, 'tftp'), address);
  closers.push(async () => await ip('link', 'del', card));
  await startServers(dhcp, { home, namespace, network, machines, tftp }, closers);
  return {
    ...{ namespace, address, machines },
    bytesReceived: async () => await statistic(card, 'rx_bytes'),
    bytesSent: async () => await statistic(card, 'tx_bytes'),
    cut: async () => await ip('link', 'set', card, 'down'),
    join: async () => await ip('link', 'set', card, 'up'),
  };
}

async function statistic(card: string, name: string): Promise<number> {
  return Number(await readFile(`/sys/class/net/${card}/statistics/${name}`, 'utf8'));
}

/** One that no other test process uses meanwhile. */
function networkOf(pid: number): string {
  return `10.${String(64 + (pid % 128))}.${String(Math.floor(pid / 128) % 256)}`;
}

interface Cables {
  readonly card: string;
  readonly address: string;
  readonly serverAddress: string;
}

async function layCables(namespace: string, { card, address, serverAddress }: Cables): Promise<void> {
  const inside = async (...args: readonly string[]): Promise<void> => await ip('-n', namespace, ...args);
  await inside('link', 'set', 'lo', 'up');
  await inside('link', 'add', 'br0', 'type', 'bridge');
  await ip('link', 'add', card, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', namespace);
  await inside('link', 'set', 'uplink', 'master', 'br0', 'up');
  await inside('addr', 'add', serverAddress, 'dev', 'br0');
  await inside('link', 'set', 'br0', 'up');
  await ip('addr', 'add', address, 'dev', card);
  await ip('link', 'set', card, 'up');
}

async function writeTftp(directory: string, address: string): Promise<string> {
  await mkdir(directory);
  await writeFile(join(directory, 'boot.ipxe'), firstScript(`http://${address}:8480`));
  for (const name of networkPrograms) await copyFile(join('/usr/lib/ipxe', name), join(directory, name));
  return directory;
}
