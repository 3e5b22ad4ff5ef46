import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence } from '../../domain/plan.ts';
import { requireOrder } from './await-imaging.ts';
import { bootFromNetwork } from './boot-target.ts';
import type { ImagingOrder } from './imaging.ts';
import type { Machine } from './machine.ts';

/**
 * Starts a machine into the environment, which must have an order for it. On already: success. Controllers are known that drop the boot target when
 * power is lost or after one start, so it is set right before the start of what has not asked yet.
 */
export async function startImaging(machine: Machine, order: ImagingOrder, context: CallContext): Promise<Evidence> {
  const { state } = await requireOrder(machine, order);
  if (state === 'waiting') await bootFromNetwork(machine, context);
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
  if (state === 'waiting') {
    await bootFromNetwork(machine, context);
    await machine.power.reset(machine.computer, context);
  }
  return { power: (await machine.power.read(machine.computer, context)).raw };
}

/**
 * Stops the work, cuts the power until off is read, and only then removes the order: a machine that boots meanwhile is kept from its disk. A superseded
 * attempt is refused first, before it touches the power. Off already: success.
 */
export async function stopImaging(machine: Machine, order: ImagingOrder, context: CallContext): Promise<Evidence> {
  await machine.imaging.stop(order, 'its run takes it back');
  await machine.power.forceOff(machine.computer, context);
  await machine.imaging.withdraw(order);
  return { power: (await machine.power.read(machine.computer, context)).raw };
}
