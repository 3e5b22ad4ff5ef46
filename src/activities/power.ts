import { DeadlineError, NotReadyError } from '../domain/errors.ts';
import { defaultShutdownSeconds } from '../domain/inputs.ts';
import type { Claimant } from '../catalog/catalog.ts';
import type { PowerAsked } from '../domain/power-asked.ts';
import type { PowerReading, PowerValue } from '../domain/power.ts';
import { need, type Power } from '../provisioners/provisioner.ts';
import type { CallContext } from '../domain/call-context.ts';
import type { Computer } from '../domain/computer.ts';
import type { StepInput } from '../domain/step-input.ts';
import { callContext, claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts } from './facts.ts';
import { pollUntil } from './polling.ts';

/** 60 seconds until a machine reads as it was asked to, as Apache VCL waits for rpower (xCAT.pm, _wait_for_on). */
const confirmSeconds = 60;

export interface PowerActivities {
  /** Asks for the power and reads until it is so. Asking for the state that it is in already is success. */
  setPower(input: StepInput & PowerAsked): Promise<PowerReading>;
}

interface PowerTask {
  readonly power: Power;
  readonly computer: Computer;
  readonly context: CallContext;
  /** Proves the claim once more: minutes may have passed since the activity began. */
  prove(): Promise<unknown>;
}

export function createPowerActivities(deps: ActivityDependencies): PowerActivities {
  return {
    setPower: async ({ action, force, ...step }) =>
      await carryOutPower(deps, { claimant: claimant(step), action, force }),
  };
}

/** Proves the claim, asks for the power and reads until it is so. Asking for the state that it is in already is success. */
export async function carryOutPower(
  deps: ActivityDependencies,
  { claimant, action, force }: PowerAsked & { readonly claimant: Claimant },
): Promise<PowerReading> {
  const prove = async () => await deps.catalog.claims.fence(claimant);
  await prove();
  const { provisioner, computer } = await nodeFacts(deps, claimant.node);
  const task = { power: need(provisioner, 'power'), computer, context: callContext(), prove };
  switch (action) {
    case 'on':
      return await powerOn(task);
    case 'off':
      return await powerOff(task, force);
    case 'reset':
      await task.power.reset(computer, task.context);
      return await readUntil(task, 'on', confirmSeconds);
  }
}

async function powerOn(task: PowerTask): Promise<PowerReading> {
  await task.power.on(task.computer, task.context);
  return await readUntil(task, 'on', confirmSeconds);
}

async function powerOff(task: PowerTask, force: boolean): Promise<PowerReading> {
  await task.power.askOff(task.computer, task.context);
  try {
    return await readUntil(task, 'off', defaultShutdownSeconds);
  } catch (error) {
    if (!(error instanceof DeadlineError) || !force) throw error;
    await task.prove();
    await task.power.forceOff(task.computer, task.context);
    return await readUntil(task, 'off', confirmSeconds);
  }
}

async function readUntil(task: PowerTask, wanted: PowerValue, deadlineSeconds: number): Promise<PowerReading> {
  const { power, computer, context } = task;
  const wait = { what: `${computer.name} to read ${wanted}`, deadlineSeconds, context };
  return await pollUntil(wait, async () => {
    const reading = await power.read(computer, context);
    if (reading.value === wanted) return reading;
    throw new NotReadyError(`${computer.name} reads ${reading.value}`, { evidence: { ...reading } });
  });
}
