/** How a controller is asked until it has done what it accepted. */
export interface Pace {
  /** Between two readings. */
  readonly pollMs: number;
  /** After how long an action that shows nothing is sent again: some controllers accept a power-on while they still power off, and drop it. */
  readonly resendMs: number;
  /** After a power action a controller may refuse good credentials for some seconds (openbmc#1810, #1812): so long it is left alone, once. */
  readonly recheckMs: number;
  /** RackN's `ipmi-power-confirm-timeout` is 300 s. */
  readonly confirmSeconds: number;
}

export const usualPace: Omit<Pace, 'confirmSeconds'> = { pollMs: 1_000, resendMs: 20_000, recheckMs: 10_000 };
