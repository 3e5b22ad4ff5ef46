/** How two texts differ, for people. */
export interface Difference {
  /** Lines that are expected and are not there; lines that are there and are not expected. */
  readonly missing: number;
  readonly added: number;
  /** `- expected`, `+ found`, in their order, without secrets; at most 40, then how many more. */
  readonly lines: readonly string[];
}

const MOST_LINES = 40;
const MOST_CHARACTERS = 160;

type Change = readonly ['-' | '+', string];

/** Compares line by line, by the longest common subsequence. Both empty or equal: no lines. */
export function compareLines(expected: string, found: string, redact: (line: string) => string): Difference {
  const changes = changesBetween(linesOf(expected), linesOf(found));
  const shown = changes.slice(0, MOST_LINES).map(([mark, line]) => `${mark} ${redact(line).slice(0, MOST_CHARACTERS)}`);
  const more = changes.length - shown.length;
  return {
    missing: changes.filter(([mark]) => mark === '-').length,
    added: changes.filter(([mark]) => mark === '+').length,
    lines: more === 0 ? shown : [...shown, `and ${String(more)} more`],
  };
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** What both begin and end with is left out first: most of two configurations is the same. */
function changesBetween(expected: readonly string[], found: readonly string[]): Change[] {
  const shorter = Math.min(expected.length, found.length);
  let head = 0;
  while (head < shorter && expected[head] === found[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && expected.at(-1 - tail) === found.at(-1 - tail)) tail += 1;
  return walk(expected.slice(head, expected.length - tail), found.slice(head, found.length - tail));
}

function walk(expected: readonly string[], found: readonly string[]): Change[] {
  const lengths = commonLengths(expected, found);
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < found.length) {
    const [was, is] = [expected[i], found[j]];
    if (was !== undefined && was === is) {
      i += 1;
      j += 1;
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      changes.push(['-', was]);
      i += 1;
    } else {
      changes.push(['+', is ?? '']);
      j += 1;
    }
  }
  return changes;
}

/** How many lines are common from `i` and `j` on. */
function commonLengths(expected: readonly string[], found: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: expected.length + 1 }, () => new Uint32Array(found.length + 1));
  for (let i = expected.length - 1; i >= 0; i -= 1) {
    for (let j = found.length - 1; j >= 0; j -= 1) {
      const [here, below] = [lengths[i], lengths[i + 1]];
      if (here === undefined || below === undefined) continue;
      here[j] = expected[i] === found[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, here[j + 1] ?? 0);
    }
  }
  return lengths;
}
