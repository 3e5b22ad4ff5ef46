/** How often a worker says in the catalog that its management node is there. */
export const checkInEveryMs = 10_000;

/** Whether a worker of the management node was there just now: three check-ins may be missed. */
export function isFresh(secondsSinceCheckIn: number | undefined): boolean {
  return secondsSinceCheckIn !== undefined && secondsSinceCheckIn * 1_000 <= 4 * checkInEveryMs;
}
