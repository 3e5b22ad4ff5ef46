import type { PowerReading } from '../client.ts';

/** `off (destroyed)` */
export function powerWords({ value, reason }: PowerReading): string {
  return reason === undefined ? value : `${value} (${reason})`;
}
