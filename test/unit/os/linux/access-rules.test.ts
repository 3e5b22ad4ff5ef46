import { describe, expect, it } from 'vitest';
import { accessTable, isInForce, parseRulesInForce } from '../../../../src/os/linux/access-rules.ts';

/** Of nft 1.0.6, the sets alone. */
const listing = (users4: unknown, users6?: unknown): string =>
  [
    'imprint-task\trules\tchanged\t20\tthe rules are another',
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
        { table: { family: 'inet', name: 'imprint', handle: 1 } },
        { set: { family: 'inet', name: 'managers4', table: 'imprint', type: 'ipv4_addr', elem: ['10.0.0.2'] } },
        {
          set: {
            family: 'inet',
            name: 'users4',
            table: 'imprint',
            type: 'ipv4_addr',
            flags: ['interval'],
            elem: users4,
          },
        },
        {
          set: {
            family: 'inet',
            name: 'users6',
            table: 'imprint',
            type: 'ipv6_addr',
            flags: ['interval'],
            elem: users6,
          },
        },
        { chain: { family: 'inet', table: 'imprint', name: 'ssh', handle: 6 } },
      ],
    }),
  ].join('\n');

const prefix = (addr: string, len: number) => ({ prefix: { addr, len } });

describe('the table of a reservation', () => {
  it('lets in one address or network, of its own family, on one port', () => {
    expect(accessTable({ port: 2222, from: '192.0.2.9' })).toContain(
      'set users4 { type ipv4_addr; flags interval; elements = { 192.0.2.9 }; }',
    );
    const six = accessTable({ port: 22, from: '2001:db8::/64' });
    expect(six).toContain('set users6 { type ipv6_addr; flags interval; elements = { 2001:db8::/64 }; }');
    expect(six).toContain('set users4 { type ipv4_addr; flags interval; }');
    expect(six).toContain('tcp dport 22 jump ssh');
  });

  it('lets in nobody where there is no user', () => {
    expect(accessTable({ port: 22 })).not.toContain('elements');
  });
});

describe('what is in force', () => {
  it.each([
    ['192.0.2.9', '192.0.2.9', ['192.0.2.9'], undefined],
    ['a network by its first address', '192.0.2.77/24', [prefix('192.0.2.0', 24)], undefined],
    ['another spelling', '2001:db8:0:0::/64', undefined, [prefix('2001:db8::', 64)]],
  ])('is read as %s', (_what, from, users4, users6) => {
    const seen = parseRulesInForce(listing(users4, users6));
    expect(seen?.managers).toEqual(['10.0.0.2']);
    expect(seen && isInForce(seen, from)).toBe(true);
    expect(seen && isInForce(seen, undefined)).toBe(false);
  });

  it.each([
    ['nobody', undefined],
    ['another address', ['192.0.2.10']],
    ['more than one', ['192.0.2.9', '192.0.2.10']],
    ['a network around it', [prefix('192.0.2.0', 24)]],
  ])('is something else where it lets in %s', (_what, users4) => {
    const seen = parseRulesInForce(listing(users4));
    expect(seen && isInForce(seen, '192.0.2.9')).toBe(false);
  });

  it('is unknown where nft has said something else', () => {
    expect(parseRulesInForce('Error: No such file or directory')).toBeUndefined();
    expect(parseRulesInForce('{"nftables": 3}')).toBeUndefined();
  });
});
