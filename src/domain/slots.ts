import { InvalidInputError } from './errors.ts';

/**
 * What loads share, with how many may use it at once where nobody has set another number:
 *
 * - `management-node`: 10. Each load keeps an SSH connection and a few commands going; a small management node carries that many.
 * - `host`: 4. Guests that boot at once wait for the same disks; more of them are no sooner ready.
 * - `library`: 10. As many clones read from it at once.
 * - `check`: 1. A full checksum of one copy is made by one run, and all others use its result.
 */
const defaults = { 'management-node': 10, host: 4, library: 10, check: 1 } as const;

export type SlotKind = keyof typeof defaults;

/** At most so many slots: far beyond what a machine carries. */
const mostSlots = 10_000;

/** `host/kvm-2`: something of which each load that uses it takes one slot. */
export function slotResource(kind: SlotKind, name: string): string {
  return parseSlotResource(`${kind}/${name}`);
}

/** Returns `value` when it is `management-node/…`, `host/…`, `library/…` or `check/…`; throws InvalidInputError. */
export function parseSlotResource(value: string): string {
  if (kindOf(value) !== undefined && /^[a-z-]+\/[^\s\p{Cc}]{1,200}$/u.test(value)) return value;
  throw new InvalidInputError(
    `resource: expected management-node/NAME, host/NAME, library/NAME or check/LIBRARY/REVISION; got ${JSON.stringify(value)}`,
  );
}

/** Throws InvalidInputError for anything but a whole number from 0 (nothing begins) to 10000. */
export function parseSlotCapacity(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= mostSlots) return value;
  throw new InvalidInputError(
    `slots: expected a whole number from 0 to ${String(mostSlots)}; got ${JSON.stringify(value)}`,
  );
}

/** How many slots a resource has where nobody has set it. */
export function defaultSlots(resource: string): number {
  const kind = kindOf(resource);
  return kind === undefined ? 1 : defaults[kind];
}

function kindOf(resource: string): SlotKind | undefined {
  const kind = resource.split('/')[0] ?? '';
  return Object.hasOwn(defaults, kind) ? (kind as SlotKind) : undefined;
}
