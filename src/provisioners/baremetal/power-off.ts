import type { CallContext } from '../../domain/call-context.ts';
import { DeadlineError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { Machine } from './machine.ts';

/** The environment powers its machine off when its work is over; this long after that the power is cut. It has synced what it wrote. */
const OWN_WAY_SECONDS = 60;

/** Off after the imaging, in the environment's own way or by cutting the power. Off already: success. */
export async function powerOffAfterImaging(machine: Machine, context: CallContext): Promise<Evidence> {
  const { power, computer } = machine;
  try {
    const { raw } = await power.awaitOff(computer, { seconds: OWN_WAY_SECONDS }, context);
    return { off: raw, cut: false };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof DeadlineError)) throw error;
  }
  await power.forceOff(computer, context);
  return { off: (await power.read(computer, context)).raw, cut: true };
}
