import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { placeOrder, readOrder, readProgress, type ImagingProgress } from '../../src/imaging/order-directory.ts';
import type { ImagingOrder } from '../../src/imaging/order.ts';
import { attachDisk, detachDisk, startAgent, type RunningAgent } from './imaging-agent.ts';
import { startImagingBench, type ImagingBench } from './imaging-server.ts';
import { whyUnavailable, type TestNeed } from './unavailable.ts';

/** Of this host: for the server, and for the agent's own programs. */
export const agentNeeds: readonly TestNeed[] = ['imaging', 'bareMetal'];

/** For what is made before the tests, which skip themselves. */
export const hasAgentNeeds = (): boolean => agentNeeds.every((need) => whyUnavailable(need) === undefined);

/** A server, and machines whose disks are loop devices: each has one order, by its network card. */
export interface AgentBench extends ImagingBench {
  /** Attaches a file as a disk, until it is detached or the bench ends; the name of its device. */
  attach(file: string): string;
  detach(name: string): void;
  /** Opens an order for the machine with this card. */
  place(mac: string, work: ImagingOrder['work']): Promise<void>;
  /** Boots the machine; `only` names its disks. By default it reaches the server at its own port; `longest`: seconds that an exchange may take. */
  run(mac: string, only: string, way?: { readonly api: string; readonly longest?: number }): Promise<RunningAgent>;
  progress(mac: string): Promise<ImagingProgress | undefined>;
  /** Where the order of this card lies. */
  orderDirectory(mac: string): Promise<string>;
  end(): Promise<void>;
}

export async function startAgentBench(): Promise<AgentBench> {
  const bench = await startImagingBench();
  const attached = new Set<string>();
  const agents: RunningAgent[] = [];
  // A device that is free again may be another test's.
  const detach = (name: string): void => {
    if (attached.delete(name)) detachDisk(name);
  };
  const nameOf = (mac: string) => ({ run: `imaging/lab-07/${mac}`, step: 'imaging' });
  return {
    ...bench,
    attach: (file) => {
      const name = attachDisk(file);
      attached.add(name);
      return name;
    },
    detach,
    place: async (mac, work) =>
      await placeOrder(bench.library, { ...nameOf(mac), epoch: 1, node: 'lab-07', macAddresses: [mac], work }),
    run: async (mac, only, { api, longest = '' } = { api: bench.api }) => {
      const { token } = await bench.boot(mac);
      const agent = startAgent(bench.directory, { api, mac, only, token, longest: String(longest) });
      agents.push(agent);
      return agent;
    },
    progress: async (mac) => await readProgress(bench.library, nameOf(mac)),
    orderDirectory: async (mac) => (await readOrder(bench.library, nameOf(mac)))?.directory ?? '',
    end: async () => {
      for (const agent of agents) agent.kill();
      await Promise.all(agents.map(async ({ ended }) => await ended));
      for (const name of attached) detach(name);
      await bench.server.close();
      rmSync(bench.directory, { recursive: true, force: true });
    },
  };
}

/** SHA-256 of the files of a file system, by their paths in it. */
export function filesOn(bench: ImagingBench, device: string): Readonly<Record<string, string>> {
  const mount = join(bench.directory, 'look');
  mkdirSync(mount, { recursive: true });
  execFileSync('mount', ['-o', 'ro', device, mount]);
  try {
    const output = execFileSync('sh', ['-c', 'cd "$1" && find . -type f | sort | xargs sha256sum', 'look', mount]);
    const lines = output.toString().trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  } finally {
    execFileSync('umount', [mount]);
  }
}
