import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** `12.4 GiB` */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true, maximumFractionDigits: 1 });
}

/** `120ms`, `4.2s`, `1m 12s` */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds));
  return prettyMilliseconds(rounded, { secondsDecimalDigits: rounded < 10_000 ? 1 : 0 });
}

/** `2026-03-01 12:00:05` from ISO 8601, in UTC. */
export function formatTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
