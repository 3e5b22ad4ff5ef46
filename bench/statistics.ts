/** The value in the middle; of an even number of them, the mean of the two there. Throws for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  if (upper === undefined || lower === undefined) throw new Error('there is no median of nothing');
  return (upper + lower) / 2;
}

/** Three significant digits: more would claim what was not measured. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
