import type { PowerReading } from '../domain/power.ts';
import type { BootTargetChoice, BootTargetReading } from './power-module.ts';

/** What a controller can be asked to do: power on, cut the power, ask the system to power off, start anew without and with a cut between. */
export type BmcAction = 'on' | 'off' | 'soft' | 'reset' | 'cycle';

/**
 * A management controller, one command at a time: what is sent was accepted when it resolves, and nothing more is known. UnsupportedError: it does
 * not know the action; ConflictError: not in its present state. `createConfirmedPower` makes power of it.
 */
export interface Bmc {
  /** For messages: `ipmi 192.0.2.7:623`. */
  readonly subject: string;
  read(signal: AbortSignal): Promise<PowerReading>;
  send(action: BmcAction, signal: AbortSignal): Promise<void>;
  readBootTarget(signal: AbortSignal): Promise<BootTargetReading>;
  sendBootTarget(choice: BootTargetChoice, signal: AbortSignal): Promise<void>;
}
