/** One table as `nft list ruleset` prints it: `table inet filter {`, indented lines, `}`. */
const table = /^table (\S+ \S+) \{$[\s\S]*?^\}$/gm;

/** A set, map or meter of a table. */
const collection = /^\t(?:set|map|meter) \S+ \{$[\s\S]*?^\t\}$/gm;

/** Elements that packets add, or that go by themselves, are state of the host and not configuration. */
const passing = /^\t\tflags [^\n]*\b(?:dynamic|timeout)\b|^\t\ttimeout /m;

const elements = /^\t\telements = \{[\s\S]*?\}\n/m;

/** The tables' names in the order in which they are listed: `inet filter`. */
export function tablesIn(text: string): readonly string[] {
  return [...text.matchAll(table)].flatMap(([, name]) => name ?? []);
}

/** The listed tables that belong to the image, all of them where none is named. */
export function ownedTables(text: string, tables: readonly string[] | undefined): string {
  const owned = [...text.matchAll(table)].filter(([, name = '']) => tables?.includes(name) ?? true);
  return owned.map(([block]) => `${block}\n`).join('');
}

/** What `nft -s list ruleset` says of these tables, without elements that pass. */
export function nftImageOf(listed: string, tables: readonly string[] | undefined): string {
  return ownedTables(listed, tables).replace(collection, (block) =>
    passing.test(block) ? block.replace(elements, '') : block,
  );
}
