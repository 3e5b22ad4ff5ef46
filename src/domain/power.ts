/** What a machine's power was read to be. The transitional values are real: a BMC or a hypervisor reports them. */
export const powerValues = [
  'on',
  'off',
  'turning-on',
  'turning-off',
  'paused',
  'suspended',
  'crashed',
  'unknown',
] as const;
export type PowerValue = (typeof powerValues)[number];

/** One reading of a machine's power. An action's answer is never a reading. */
export interface PowerReading {
  readonly value: PowerValue;
  /** The reason that the system gives, in its own word (libvirt: `shutdown`, `destroyed`, `unknown` …); absent when it gives none. */
  readonly reason?: string;
  /** What the system printed. */
  readonly raw: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** What can be asked of a machine's power. `off` asks the guest first and forces only where that is allowed. */
export const powerActions = ['on', 'off', 'reset'] as const;
export type PowerAction = (typeof powerActions)[number];
