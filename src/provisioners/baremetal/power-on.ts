import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence } from '../../domain/plan.ts';
import { requireOrder } from './await-imaging.ts';
import type { ImagingOrder } from './imaging.ts';
import type { Machine } from './machine.ts';

/** Starts a machine into the environment, which must have an order for it. On already: success. */
export async function startImaging(machine: Machine, order: ImagingOrder, context: CallContext): Promise<Evidence> {
  await requireOrder(machine, order);
  await machine.power.on(machine.computer, context);
  return { power: (await machine.power.read(machine.computer, context)).raw };
}

/**
 * Starts anew what runs, once: a machine that has asked already is left at its work. One that is off is powered on.
 */
export async function restartIntoImaging(
  machine: Machine,
  order: ImagingOrder,
  context: CallContext,
): Promise<Evidence> {
  const { state } = await requireOrder(machine, order);
  if (state === 'waiting') await machine.power.reset(machine.computer, context);
  return { power: (await machine.power.read(machine.computer, context)).raw };
}

/**
 * Ends the work, then cuts the power. The order goes first: a superseded attempt is refused there, before it touches the power. Off already: success.
 */
export async function stopImaging(machine: Machine, order: ImagingOrder, context: CallContext): Promise<Evidence> {
  await machine.imaging.withdraw(order);
  await machine.power.forceOff(machine.computer, context);
  return { power: (await machine.power.read(machine.computer, context)).raw };
}
