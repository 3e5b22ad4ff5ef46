import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { NotReadyError } from '../../domain/errors.ts';
import type { PowerReading, PowerValue } from '../../domain/power.ts';
import type { RpowerAction, XcatCall } from '../../remote/xcat/client.ts';
import { powerOfWord } from '../../remote/xcat/rpower.ts';
import type { Power } from '../provisioner.ts';
import { openNode, unfenced, type XcatDeps, type XcatNode } from './node.ts';

/** Power by rpower. What rpower prints after an action is an echo of it, so each action is read until the BMC confirms it. */
export function createPower(deps: XcatDeps): Power {
  const call = unfenced;
  return {
    read: (computer, context) => readPower(openNode(deps, computer), context),
    on: (computer, context) => bring(openNode(deps, computer), 'on', call(context), context),
    askOff: (computer, context) => askOff(openNode(deps, computer), call(context), context),
    forceOff: (computer, context) => bring(openNode(deps, computer), 'off', call(context), context),
    reset: (computer, context) => reset(openNode(deps, computer), call(context), context),
  };
}

export async function readPower(node: XcatNode, context: CallContext): Promise<PowerReading> {
  const raw = await node.xcat.powerWord(node.name, unfenced(context));
  return { value: powerOfWord(raw), raw, at: new Date().toISOString() };
}

/** Power is read at least once a second while it is waited for. */
export async function untilNextReading({ settings }: XcatNode, { signal }: CallContext): Promise<void> {
  await delay(Math.min(1000, settings.pollSeconds * 1000), undefined, { signal });
}

/**
 * Brings the power to what is wanted, and reads until it is so. So already: nothing is sent. Sent again where the BMC has dropped it. NotReadyError when it
 * does not read so within the limit of the settings.
 */
export async function bring(node: XcatNode, wanted: 'on' | 'off', call: XcatCall, context: CallContext): Promise<void> {
  const confirmMs = node.settings.confirmSeconds * 1000;
  const limit = Date.now() + confirmMs;
  let sendNext = 0;
  for (;;) {
    const { value, raw } = await readPower(node, context);
    if (value === wanted) return;
    if (Date.now() > limit) throw new NotReadyError(`${node.name} still reads ${raw} after rpower ${wanted}`);
    if (Date.now() >= sendNext && !isOnItsWay(value, wanted)) {
      await node.xcat.power(node.name, wanted, call);
      // A BMC that still reads the old state after a quarter of that time has dropped what it accepted.
      sendNext = Date.now() + confirmMs / 4;
    }
    context.progress({ what: `Wait until ${node.name} reads ${wanted}` });
    await untilNextReading(node, context);
  }
}

function isOnItsWay(value: PowerValue, wanted: 'on' | 'off'): boolean {
  return value === `turning-${wanted}`;
}

/** Asks the guest, through its BMC; returns once that was accepted. */
export async function askOff(node: XcatNode, call: XcatCall, context: CallContext): Promise<void> {
  const { value } = await readPower(node, context);
  if (value !== 'off' && value !== 'turning-off') await node.xcat.power(node.name, 'softoff', call);
}

/** `rpower reset` does nothing to a node that is off, so that one is switched on. */
async function reset(node: XcatNode, call: XcatCall, context: CallContext): Promise<void> {
  const action: RpowerAction = 'reset';
  if ((await readPower(node, context)).value === 'off') return await bring(node, 'on', call, context);
  await node.xcat.power(node.name, action, call);
  await bring(node, 'on', call, context);
}
