import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** What the rules are to say. */
export interface AccessRules {
  readonly port: number;
  /** Absent: no user is let in. */
  readonly from?: string;
}

/** From where the rules in force let anybody in. */
export interface RulesInForce {
  readonly users: readonly string[];
  readonly managers: readonly string[];
}

/**
 * A table of its own, which no other rule knows of and which touches no other one. The script adds the management nodes. Whoever loads it replaces the
 * whole table at once, since a file is one transaction. It looks at addresses alone, never at whether a connection is known: a session that was opened
 * before ends with its address.
 */
export function accessTable({ port, from }: AccessRules): string {
  const element = (family: number): string =>
    from !== undefined && familyOf(from) === family ? ` elements = { ${from} };` : '';
  return `# Made by Imprint for a reservation: who reaches the SSH server of users.
table inet imprint
delete table inet imprint
table inet imprint {
  set managers4 { type ipv4_addr; }
  set managers6 { type ipv6_addr; }
  set users4 { type ipv4_addr; flags interval;${element(4)} }
  set users6 { type ipv6_addr; flags interval;${element(6)} }
  chain input {
    type filter hook input priority -5; policy accept;
    iifname != "lo" tcp dport ${String(port)} jump ssh
  }
  chain ssh {
    ip saddr @managers4 accept
    ip6 saddr @managers6 accept
    ip saddr @users4 accept
    ip6 saddr @users6 accept
    reject with tcp reset
  }
}
`;
}

const prefix = z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) });
const element = z.union([z.string(), prefix.transform(({ prefix: { addr, len } }) => `${addr}/${String(len)}`)]);
const listing = z.object({
  nftables: z.array(z.object({ set: z.object({ name: z.string(), elem: z.array(element).optional() }).optional() })),
});

/** Reads the sets from the output of `nft -j list table inet imprint`; undefined when it is something else. */
export function parseRulesInForce(stdout: string): RulesInForce | undefined {
  const line = stdout.split('\n').find((one) => one.startsWith('{"nftables"'));
  const parsed = listing.safeParse(line === undefined ? undefined : JSON.parse(line));
  if (!parsed.success) return undefined;
  const sets = parsed.data.nftables.flatMap(({ set }) => (set === undefined ? [] : [set]));
  const elementsOf = (name: string): readonly string[] =>
    sets.filter((set) => set.name.startsWith(name)).flatMap(({ elem }) => elem ?? []);
  return { users: elementsOf('users'), managers: elementsOf('managers') };
}

/** Whether users are let in from there and from nowhere else; `from` absent: from nowhere. nft writes a network by its first address. */
export function isInForce({ users }: RulesInForce, from: string | undefined): boolean {
  if (from === undefined) return users.length === 0;
  const [only, ...more] = users;
  return only !== undefined && more.length === 0 && sameNetwork(only, from);
}

function sameNetwork(seen: string, wanted: string): boolean {
  const [a, b] = [networkOf(seen), networkOf(wanted)];
  if (a.family !== b.family || a.length !== b.length) return false;
  const network = new BlockList();
  network.addSubnet(a.address, a.length, a.family);
  return network.check(b.address, b.family);
}

function networkOf(text: string): {
  readonly address: string;
  readonly length: number;
  readonly family: 'ipv4' | 'ipv6';
} {
  const [address = '', length] = text.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return { address, family, length: length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length) };
}

function familyOf(from: string): number {
  return isIP(from.split('/')[0] ?? '');
}
