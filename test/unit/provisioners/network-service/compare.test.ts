import { describe, expect, it } from 'vitest';
import { compareLines } from '../../../../src/provisioners/network-service/compare.ts';

const asItIs = (line: string): string => line;
const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('the comparison of two configurations', () => {
  it('says nothing of equal ones', () => {
    expect(compareLines(text('a', 'b'), text('a', 'b'), asItIs)).toEqual({ missing: 0, added: 0, lines: [] });
    expect(compareLines('', '', asItIs).lines).toEqual([]);
  });

  it('names what is missing and what is too much, in its order', () => {
    const { missing, added, lines } = compareLines(text('a', 'b', 'c', 'd'), text('a', 'x', 'c', 'y', 'd'), asItIs);
    expect({ missing, added }).toEqual({ missing: 1, added: 2 });
    expect(lines).toEqual(['- b', '+ x', '+ y']);
  });

  it('shows everything of one that is gone, at most forty lines of it, and none of its secrets', () => {
    const expected = text(...Array.from({ length: 50 }, (_, index) => `password ${String(index)}`));
    const { lines } = compareLines(expected, '', () => 'password …');
    expect(lines).toHaveLength(41);
    expect(lines[0]).toBe('- password …');
    expect(lines.at(-1)).toBe('and 10 more');
  });
});
