import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, NotFoundError } from '../../domain/errors.ts';
import type { PowerReading, PowerValue } from '../../domain/power.ts';
import type { DomainState } from '../../remote/virsh.ts';
import type { Power } from '../provisioner.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';

/** libvirt's states (9.0, `virsh domstate`) to the house's. A state that is not here is `unknown`. */
const powerValues: Readonly<Record<string, PowerValue>> = {
  running: 'on',
  // Blocked on a resource, as only Xen reports it.
  idle: 'on',
  paused: 'paused',
  'in shutdown': 'turning-off',
  'shut off': 'off',
  crashed: 'crashed',
  pmsuspended: 'suspended',
};

/** Paused domains that are on their way to another state. */
const pausedReasons: Readonly<Record<string, PowerValue>> = {
  'starting up': 'turning-on',
  'shutting down': 'turning-off',
};

/** Power of libvirt domains. Every action reads first, so an attempt after a lost answer acts on what is, not on what was asked. */
export function createPower(deps: LibvirtDeps): Power {
  return {
    read: (computer, context) => readPower(openNode(deps, computer), context),
    on: (computer, context) => powerOn(openNode(deps, computer), context),
    askOff: (computer, context) => askOff(openNode(deps, computer), context),
    forceOff: (computer, context) => forceOff(openNode(deps, computer), context),
    reset: (computer, context) => reset(openNode(deps, computer), context),
  };
}

/** The domain's power. A domain that is not defined is off, with the reason `undefined`. */
export async function readPower(node: LibvirtNode, context: CallContext): Promise<PowerReading> {
  const state = await node.virsh.state(node.domain, context.signal);
  const at = new Date().toISOString();
  if (state === undefined) return { value: 'off', reason: 'undefined', raw: 'domain not found', at };
  return { value: powerValue(state), reason: state.reason, raw: state.raw, at };
}

/** The house's word for a state and its reason. */
export function powerValue({ state, reason }: DomainState): PowerValue {
  const transition = state === 'paused' ? pausedReasons[reason] : undefined;
  return transition ?? powerValues[state] ?? 'unknown';
}

export async function powerOn(node: LibvirtNode, context: CallContext): Promise<void> {
  const { value, reason, raw } = await readPower(node, context);
  if (reason === 'undefined')
    throw new NotFoundError(`power on ${node.domain}: the domain is not defined; load an image first`);
  if (value === 'on' || value === 'turning-on') return;
  if (value === 'paused') return node.virsh.resume(node.domain, context.signal);
  if (value === 'suspended') return node.virsh.wake(node.domain, context.signal);
  if (value === 'crashed') throw new ConflictError(`power on ${node.domain}: it is ${raw}; force it off first`);
  return node.virsh.start(node.domain, context.signal);
}

/** Asks the guest; returns once libvirt accepted that, not when it is off. */
export async function askOff(node: LibvirtNode, context: CallContext): Promise<void> {
  const { value } = await readPower(node, context);
  if (value === 'off' || value === 'turning-off') return;
  return node.virsh.shutdown(node.domain, context.signal);
}

export async function forceOff(node: LibvirtNode, context: CallContext): Promise<void> {
  if ((await readPower(node, context)).value === 'off') return;
  return node.virsh.destroy(node.domain, context.signal);
}

async function reset(node: LibvirtNode, context: CallContext): Promise<void> {
  if ((await readPower(node, context)).value === 'off') return powerOn(node, context);
  return node.virsh.reset(node.domain, context.signal);
}
