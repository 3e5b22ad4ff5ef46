import { createHash } from 'node:crypto';

/** Hexadecimal digits that depend on nothing but the seed and the words: the same world says the same twice. */
export function digits(seed: string, ...words: readonly string[]): string {
  return createHash('sha256')
    .update([seed, ...words].join('\n'))
    .digest('hex');
}

/** `milliseconds`, up to a tenth more or less, as the seed and the words have it. */
export function spread(milliseconds: number, seed: string, ...words: readonly string[]): number {
  const share = Number.parseInt(digits(seed, ...words).slice(0, 8), 16) / 0xffffffff;
  return milliseconds * (0.9 + 0.2 * share);
}
