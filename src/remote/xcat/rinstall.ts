/** The nodes that `rinstall` says it provisions. On a partial failure the others were reset all the same, and the failed ones have lines of their own. */
export function parseProvisioned(output: string): readonly string[] {
  const lists = [...output.matchAll(/^(?:\[[^\]]*\]:\s+)?Provision node\(s\):\s*(.*)$/gm)].map(
    ([, nodes = '']) => nodes,
  );
  return lists.flatMap((nodes) => nodes.split(/[\s,]+/).filter((node) => node !== ''));
}
