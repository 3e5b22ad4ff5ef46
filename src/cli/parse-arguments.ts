import { InvalidArgumentError } from 'commander';
import { parseName } from '../domain/names.ts';

const K = 1024;
const factors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: K,
  kib: K,
  kb: 1e3,
  m: K ** 2,
  mib: K ** 2,
  mb: 1e6,
  g: K ** 3,
  gib: K ** 3,
  gb: 1e9,
  t: K ** 4,
  tib: K ** 4,
  tb: 1e12,
};

/** `512M`, `10MiB`, `1.5G`, `1000000`: K, M, G, T and KiB … count by 1024, KB … by 1000; nothing means bytes. `/s` may follow a rate. */
export function parseBytes(value: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)(?:\/s)?$/.exec(value.trim()) ?? [];
  const factor = unit === undefined ? undefined : factors[unit.toLowerCase()];
  const bytes = Math.round(Number(digits) * (factor ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('expected a size greater than 0, such as 512M, 10MiB or 1000000');
}

/** MiB: a bare number, or a size with its unit (`2G`). */
export function parseMebibytes(value: string): number {
  const mebibytes = /^\d+$/.test(value.trim()) ? Number(value) : parseBytes(value) / K ** 2;
  if (Number.isSafeInteger(mebibytes) && mebibytes > 0) return mebibytes;
  throw new InvalidArgumentError('expected whole MiB, such as 2048, or a size such as 2G');
}

/** A whole number from 1 to `max`. */
export function wholeNumber(max: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`expected a whole number from 1 to ${String(max)}`);
  };
}

/** The name of something; for an option that may be given several times. */
export function collectName(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), parseName('name', value)];
}

/** `52:54:00:12:34:56`, in lower case; for an option that may be given several times. */
export function collectMac(value: string, earlier: readonly string[] | undefined): readonly string[] {
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) return [...(earlier ?? []), value.toLowerCase()];
  throw new InvalidArgumentError('expected six pairs of hexadecimal digits, such as 52:54:00:12:34:56');
}

/** `ssh-ed25519 AAAA…`, without its comment; for an option that may be given several times. */
export function collectHostKey(value: string, earlier: readonly string[] | undefined): readonly string[] {
  const key = /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]{20,}={0,2})(?:\s.*)?$/.exec(value.trim())?.[1];
  if (key !== undefined) return [...(earlier ?? []), key];
  throw new InvalidArgumentError('expected a public host key, such as "ssh-ed25519 AAAA…"');
}

const unitsOfTime: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `2h`, `3d`: milliseconds. */
export function parseDuration(value: string): number {
  const [, digits, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(value.trim()) ?? [];
  const milliseconds = Number(digits) * (unitsOfTime[unit] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('expected minutes, hours or days, such as 90m, 2h or 3d');
}
