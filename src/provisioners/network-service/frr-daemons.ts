/**
 * Which daemon takes which lines, by what they begin with (FRRouting's documentation, one chapter a daemon). A line that is not listed is zebra's, or is
 * caught when the configuration is read back.
 */
const owners: readonly (readonly [RegExp, string])[] = [
  [/^router bgp\b/, 'bgpd'],
  [/^router ospf\b/, 'ospfd'],
  [/^ ip ospf\b/, 'ospfd'],
  [/^router ospf6\b/, 'ospf6d'],
  [/^ ipv6 ospf6\b/, 'ospf6d'],
  [/^router rip\b/, 'ripd'],
  [/^ ip rip\b/, 'ripd'],
  [/^router ripng\b/, 'ripngd'],
  [/^router isis\b/, 'isisd'],
  [/^ ip(v6)? router isis\b/, 'isisd'],
  [/^router eigrp\b/, 'eigrpd'],
  [/^router babel\b/, 'babeld'],
  [/^router openfabric\b/, 'fabricd'],
  [/^ip(v6)? route\b/, 'staticd'],
  [/^ ip (pim|igmp)\b/, 'pimd'],
  [/^ip pim\b/, 'pimd'],
  [/^ ipv6 (pim|mld)\b/, 'pim6d'],
  [/^bfd$/, 'bfdd'],
  [/^mpls ldp$/, 'ldpd'],
  [/^pbr-map\b/, 'pbrd'],
  [/^ pbr-policy\b/, 'pbrd'],
  [/^ vrrp \d/, 'vrrpd'],
  [/^ ip nhrp\b/, 'nhrpd'],
  [/^ traffic-eng\b/, 'pathd'],
];

/** The daemons without which lines of this configuration come to nothing, in the order of the lines. */
export function daemonsNeeded(text: string): readonly string[] {
  const lines = text.split('\n');
  const needed = lines.flatMap((line) => owners.find(([begins]) => begins.test(line))?.[1] ?? []);
  return [...new Set(needed)];
}
