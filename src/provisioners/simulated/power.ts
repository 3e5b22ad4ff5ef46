import type { Computer } from '../../domain/computer.ts';
import type { CallContext } from '../../domain/call-context.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { Power } from '../provisioner.ts';
import { forceOff } from './power-transitions.ts';
import { askMachineOff, startMachine } from './start-machine.ts';
import type { SimulatedWorld } from './world.ts';

/** Power of simulated machines. Faults: `power-on`, `power-off`, `force-off`, `reset`, `power-read`; `shutdown` with `hang` never becomes off. */
export function simulatedPower(world: SimulatedWorld): Power {
  const suffer = async (at: string, computer: Computer, context: CallContext, act: () => Promise<unknown>) => {
    context.signal.throwIfAborted();
    await world.suffer({ node: computer.name, at }, context, act);
  };
  const cut = (computer: Computer, name: string) =>
    world.change(computer, { name }, (machine) => forceOff(machine, world.now()));
  return {
    read: (computer, context) =>
      world.suffer({ node: computer.name, at: 'power-read' }, context, () => readPower(world, computer)),
    on: (computer, context) =>
      suffer('power-on', computer, context, () => startMachine(world, computer, { name: 'power-on' })),
    askOff: (computer, context) => suffer('power-off', computer, context, () => askMachineOff(world, computer)),
    forceOff: (computer, context) => suffer('force-off', computer, context, () => cut(computer, 'force-off')),
    reset: (computer, context) =>
      suffer('reset', computer, context, async () => {
        await cut(computer, 'reset');
        await startMachine(world, computer, { name: 'power-on' });
      }),
  };
}

export async function readPower(world: SimulatedWorld, computer: Computer): Promise<PowerReading> {
  const machine = await world.machine(computer);
  const at = new Date(world.now()).toISOString();
  if (machine.power === 'on') return { value: 'on', raw: 'running', at };
  const reason = machine.offReason;
  return { value: 'off', ...(reason === undefined ? {} : { reason }), raw: `shut off (${reason ?? 'unknown'})`, at };
}
