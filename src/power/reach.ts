import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../domain/call-context.ts';
import {
  ConflictError,
  DeadlineError,
  errorChain,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../domain/errors.ts';
import type { PowerReading, PowerValue } from '../domain/power.ts';
import type { Bmc, BmcAction } from './bmc.ts';
import type { Pace } from './pace.ts';

/** `off` counts when it was read twice running: a controller may say off as soon as it has accepted that. */
const goals = {
  on: { value: 'on', action: 'on', readings: 1 },
  off: { value: 'off', action: 'off', readings: 2 },
} as const satisfies Record<string, { value: PowerValue; action: BmcAction; readings: number }>;

/** On its way from one to the other: nothing is sent until it has arrived. */
const onItsWay: readonly PowerValue[] = ['turning-on', 'turning-off'];

/** Reads, sends, and reads until it is so. DeadlineError with the last reading and the last complaint. */
export async function reach(bmc: Bmc, goal: keyof typeof goals, pace: Pace, context: CallContext): Promise<void> {
  const { value, action, readings } = goals[goal];
  const deadline = Date.now() + pace.confirmSeconds * 1_000;
  const attempt = new Attempt(bmc, pace);
  for (let seen = 0; ;) {
    const reading = await attempt.read(context);
    seen = reading?.value === value ? seen + 1 : 0;
    if (seen >= readings) return;
    if (Date.now() > deadline) throw attempt.notReached(goal, reading);
    const settled = reading !== undefined && reading.value !== value && !onItsWay.includes(reading.value);
    if (settled && attempt.isDue()) await attempt.send(action, context);
    context.progress({ what: `Wait until ${bmc.subject} reads ${goal}` });
    await delay(pace.pollMs, undefined, { signal: context.signal });
  }
}

/** One action on its way: when it was last sent, and what went wrong since. */
class Attempt {
  readonly #bmc: Bmc;
  readonly #pace: Pace;
  #sentAt: number | undefined;
  #rechecked = false;
  #complaint: unknown;

  constructor(bmc: Bmc, pace: Pace) {
    this.#bmc = bmc;
    this.#pace = pace;
  }

  isDue(): boolean {
    return this.#sentAt === undefined || Date.now() - this.#sentAt >= this.#pace.resendMs;
  }

  /** Sends it. What may have been done all the same, or may be possible in a moment, is left to the next reading. */
  async send(action: BmcAction, context: CallContext): Promise<void> {
    const first = this.#sentAt === undefined;
    try {
      await this.#bmc.send(action, context.signal);
    } catch (error) {
      const later = error instanceof OutcomeUnknownError || error instanceof ConflictError;
      if (!later && (first || !(await this.#passes(error, context)))) throw error;
      this.#complaint = error;
    }
    this.#sentAt = Date.now();
  }

  /** Undefined when the controller could not be asked just now; before anything was sent that is an error. */
  async read(context: CallContext): Promise<PowerReading | undefined> {
    try {
      return await this.#bmc.read(context.signal);
    } catch (error) {
      if (this.#sentAt === undefined || !(await this.#passes(error, context))) throw error;
      this.#complaint = error;
      return undefined;
    }
  }

  /** Whether an error after an action may pass by itself. Refused credentials: asked once more, later, and never again. */
  async #passes(error: unknown, context: CallContext): Promise<boolean> {
    if (error instanceof UnavailableError || error instanceof OutcomeUnknownError) return true;
    if (!(error instanceof UnauthorizedError) || this.#rechecked) return false;
    this.#rechecked = true;
    await delay(this.#pace.recheckMs, undefined, { signal: context.signal });
    return true;
  }

  notReached(goal: string, reading: PowerReading | undefined): DeadlineError {
    const last = reading === undefined ? 'cannot be read' : `reads ${reading.value}`;
    const message = `${this.#bmc.subject} ${last} after ${String(this.#pace.confirmSeconds)} s, not ${goal}`;
    const complaint = this.#complaint === undefined ? {} : { complaint: errorChain(this.#complaint) };
    return new DeadlineError(message, {
      cause: this.#complaint,
      evidence: { ...(reading === undefined ? {} : { reading: { ...reading } }), ...complaint },
    });
  }
}
