import { z } from 'zod';
import type { Computer, Problem } from '../domain/computer.ts';
import type { DeclaredSettings } from './declared-settings.ts';

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

type Reached = Pick<Computer, 'name' | 'settings' | 'managementNode' | 'alsoReachedBy'>;

/** Settings with such a host, whose problems name a host that its other management nodes would not have. */
export type HostedSettings<Settings> = Omit<DeclaredSettings<Settings>, 'settingsProblems'> & {
  readonly settingsProblems: (computer: Reached) => readonly Problem[];
};

/** The same declaration, in which a host that is the management node itself goes with no other management node. */
export function withReach<Settings extends { readonly host: HostSettings }>(
  declared: DeclaredSettings<Settings>,
): HostedSettings<Settings> {
  const settingsProblems = (computer: Reached): readonly Problem[] => {
    const wrong = declared.settingsProblems(computer);
    return wrong.length === 0 ? reachProblems(computer, declared.readSettings(computer).host) : wrong;
  };
  return { ...declared, settingsProblems };
}

/** A host that is the management node itself is another host for another management node. */
function reachProblems({ managementNode, alsoReachedBy = [] }: Reached, host: HostSettings): readonly Problem[] {
  if (host.kind !== 'local' || alsoReachedBy.length === 0) return [];
  const problem = `expected no other management node, because settings.host is ${managementNode} itself; found ${alsoReachedBy.join(', ')}`;
  return [{ where: 'alsoReachedBy', problem }];
}

/** One name for each host: its address, or the management node where that is the host. */
export function nameOfHost(host: HostSettings, computer: Pick<Computer, 'managementNode'>): string {
  return host.kind === 'local' ? computer.managementNode : host.address;
}
