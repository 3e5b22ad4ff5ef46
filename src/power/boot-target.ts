import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, DeadlineError, OutcomeUnknownError } from '../domain/errors.ts';
import type { Bmc } from './bmc.ts';
import type { Pace } from './pace.ts';
import type { BootTargetChoice, BootTargetReading } from './power-module.ts';

/** Reading back takes a controller a moment; one that has not taken it by then will not. */
const SECONDS = 60;

/** Sets the boot target and reads it back; sends it again where another is read. Sending it twice is the same as once. */
export async function setBootTarget(
  bmc: Bmc,
  choice: BootTargetChoice,
  pace: Pace,
  context: CallContext,
): Promise<BootTargetReading> {
  const deadline = Date.now() + Math.min(SECONDS, pace.confirmSeconds) * 1_000;
  for (;;) {
    await send(bmc, choice, context);
    const reading = await bmc.readBootTarget(context.signal);
    if (isSo(reading, choice)) return reading;
    if (Date.now() > deadline) {
      const message = `${bmc.subject} was told to boot from ${choice.target}, and says ${reading.target}`;
      throw new DeadlineError(message, { evidence: { reading } });
    }
    context.progress({ what: `Set the boot target of ${bmc.subject} to ${choice.target}` });
    await delay(pace.pollMs, undefined, { signal: context.signal });
  }
}

async function send(bmc: Bmc, choice: BootTargetChoice, context: CallContext): Promise<void> {
  try {
    await bmc.sendBootTarget(choice, context.signal);
  } catch (error) {
    // What is read next says whether it was done, or whether another was quicker.
    if (!(error instanceof OutcomeUnknownError) && !(error instanceof ConflictError)) throw error;
  }
}

/** Without an override the firmware's own order holds, in which the disk stands. */
function isSo({ target }: BootTargetReading, choice: BootTargetChoice): boolean {
  return target === choice.target || (choice.target === 'disk' && target === 'none');
}
