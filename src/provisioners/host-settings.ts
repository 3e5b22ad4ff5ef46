import { z } from 'zod';
import type { Computer } from '../domain/computer.ts';

/** The setting of every provisioner that drives a computer through a host: the management node itself, or a host over SSH with pinned host keys. */
export const hostSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('local') }),
  z.strictObject({
    kind: z.literal('ssh'),
    address: z.string().min(1).describe('host name or address of the host'),
    port: z.int().min(1).max(65_535).default(22).describe('port of its SSH server'),
    user: z.string().min(1).default('root').describe('account on the host'),
    keySecret: z.string().min(1).describe('name of the secret that holds the private key'),
    hostKeys: z.array(z.string().min(1)).min(1).describe("the host's public keys, `ssh-ed25519 AAAA…` each"),
  }),
]);

/** How such a host is reached. */
export type HostSettings = z.output<typeof hostSettings>;

/** One name for each host: its address, or the management node where that is the host. */
export function nameOfHost(host: HostSettings, computer: Pick<Computer, 'managementNode'>): string {
  return host.kind === 'local' ? computer.managementNode : host.address;
}
