import type { CallContext } from '../domain/call-context.ts';
import type { Computer, Problem } from '../domain/computer.ts';
import type { PowerReading } from '../domain/power.ts';

/**
 * Drives the power of one machine. Made for one computer and its settings; a password is read anew at each call. What a module cannot do throws
 * UnsupportedError. Errors: UnauthorizedError (credentials refused; never tried again by itself), UnavailableError (nothing was begun),
 * OutcomeUnknownError (read before acting again), DeadlineError (asked for, and not so in time), InvalidInputError, NotFoundError (a secret, a system).
 */
export interface PowerModule {
  /** For messages: `ipmi 192.0.2.7:623`. */
  readonly subject: string;
  /** One reading, as it is: transitional values are not waited out. */
  read(context: CallContext): Promise<PowerReading>;
  /** Resolves once the machine was read on. On already: success. Asked for again where a controller accepted it and did nothing. */
  on(context: CallContext): Promise<void>;
  /** Asks the operating system to power off and returns once that was accepted; off already: success. Never becomes a cut of the power. */
  askOff(context: CallContext): Promise<void>;
  /** Cuts the power and resolves once the machine was read off twice running. Off already: success. */
  forceOff(context: CallContext): Promise<void>;
  /** Starts the machine anew and resolves once it was read on; one that is off is powered on. */
  reset(context: CallContext): Promise<void>;
  /** Absent where the machine's boot target cannot be chosen from outside. */
  readonly bootTarget?: BootTargetControl;
}

/** From what the machine boots next. */
export const bootTargets = ['network', 'disk'] as const;
export type BootTarget = (typeof bootTargets)[number];

/** `once`: for the next start alone. Controllers are known that keep it all the same: set it back to `disk` when the work is over. */
export const bootTargetLastings = ['once', 'until changed'] as const;
export type BootTargetLasting = (typeof bootTargetLastings)[number];

export interface BootTargetChoice {
  readonly target: BootTarget;
  readonly lasting: BootTargetLasting;
}

/** What the controller says of the boot target. */
export interface BootTargetReading {
  /** `none`: it overrides nothing and the firmware's own order holds; `other`: something that we never set (a CD, the firmware's menu). */
  readonly target: BootTarget | 'none' | 'other';
  /** Absent when it overrides nothing. */
  readonly lasting?: BootTargetLasting;
  /** What the controller answered. */
  readonly raw: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface BootTargetControl {
  read(context: CallContext): Promise<BootTargetReading>;
  /**
   * Sets it, reads it back and answers what was read. DeadlineError where another target is read back until the end. `lasting` of the reading may differ
   * from what was asked for. To set it to `disk` succeeds also where the controller then says `none`.
   */
  set(choice: BootTargetChoice, context: CallContext): Promise<BootTargetReading>;
}

/**
 * Power of computers by their settings: the `Power` of a provisioner, whose members it has, and more. Every member throws UnsupportedError for a
 * computer whose settings name no power module.
 */
export interface ComputerPower {
  read(computer: Computer, context: CallContext): Promise<PowerReading>;
  on(computer: Computer, context: CallContext): Promise<void>;
  askOff(computer: Computer, context: CallContext): Promise<void>;
  forceOff(computer: Computer, context: CallContext): Promise<void>;
  reset(computer: Computer, context: CallContext): Promise<void>;
  /**
   * Waits, without asking for anything, until the machine was read off twice running: a controller may say off as soon as it has accepted that.
   * Answers the second reading; DeadlineError with the last one.
   */
  awaitOff(computer: Computer, limit: { readonly seconds: number }, context: CallContext): Promise<PowerReading>;
  readBootTarget(computer: Computer, context: CallContext): Promise<BootTargetReading>;
  setBootTarget(computer: Computer, choice: BootTargetChoice, context: CallContext): Promise<BootTargetReading>;
  /** Whether the computer's settings name a power module. */
  has(computer: Computer): boolean;
  /** Whether the computer's settings name a module that can choose the boot target. */
  hasBootTarget(computer: Computer): boolean;
  /** What the schema of the settings cannot see: Wake-on-LAN without a MAC address. Empty for a computer without a power module. */
  problems(computer: Computer): readonly Problem[];
}
