import { nftImageOf, ownedTables, tablesIn } from './nft-text.ts';
import type { Service, ServiceCommand, ServiceImage } from './service.ts';
import type { NftablesSettings } from './settings.ts';

/**
 * nftables: the rule set of one network namespace, or some of its tables. `nft -f` only adds, and answers 0 for rules that are there twice then; so each
 * file begins by taking away what the image owns, in the same transaction.
 */
export function nftablesService({ namespace, tables, file }: NftablesSettings): Service {
  const nft = (...args: readonly string[]): ServiceCommand =>
    namespace === undefined
      ? { file: 'nft', args }
      : { file: 'ip', args: ['netns', 'exec', namespace, 'nft', ...args] };
  const clear = tables === undefined ? 'flush ruleset\n' : tables.map(clearTable).join('');
  const imageOf = (running: string): string => nftImageOf(running, tables);
  return {
    kind: 'nftables',
    subject: namespace === undefined ? 'nftables' : `nftables in ${namespace}`,
    file: 'ruleset.nft',
    programs: namespace === undefined ? ['nft'] : ['nft', 'ip'],
    // Stateless: counters and quotas are the host's.
    read: nft('-s', 'list', 'ruleset'),
    save: nft('list', 'ruleset'),
    imageOf,
    define: ({ running }) => ({ service: 'nftables', parts: [...tablesIn(imageOf(running))], traits: {} }),
    misfits: (image) => foreignTables(image, tables),
    compose: (text) => `#!/usr/sbin/nft -f\n${clear}${text}`,
    recompose: (saved) => `${clear}${ownedTables(saved, tables)}`,
    check: (path) => nft('-c', '-f', path),
    apply: (path) => nft('-f', path),
    persistedAt: file,
    redact: (line) => line,
  };
}

/** `delete` fails for a table that is not there; adding it first is part of the same transaction. */
function clearTable(table: string): string {
  return `table ${table}\ndelete table ${table}\n`;
}

function foreignTables({ text }: ServiceImage, tables: readonly string[] | undefined): string[] {
  if (tables === undefined) return [];
  const foreign = tablesIn(text).filter((table) => !tables.includes(table));
  return foreign.map((table) => `the image has table ${table}, which settings.tables does not give to it`);
}
