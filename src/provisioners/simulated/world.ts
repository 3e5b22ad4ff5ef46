import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import { CommandFailedError, ConflictError, OutcomeUnknownError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { readEvents, recordEvent, type WorldEvent } from './events.ts';
import { addFaults, takeFault, type SimulatedFault } from './faults.ts';
import { firstMachine } from './first-machine.ts';
import { counted, type Machine } from './machine.ts';
import { settle, type Surroundings } from './power-transitions.ts';
import { settingsOf } from './settings.ts';
import { memoryStore, type WorldStore } from './store.ts';

export type SimulatedComputer = Pick<Computer, 'name' | 'settings'>;

export interface SimulatedWorldOptions {
  /** The same seed gives the same identities and durations. */
  readonly seed: string;
  /** Default: in memory. `directoryStore` makes a world that outlives its processes. */
  readonly store?: WorldStore;
  /** Added to those that the store has. */
  readonly faults?: readonly SimulatedFault[];
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

/** Machines by the thousand that exist in a store only. A machine begins to exist when it is first looked at. */
export interface SimulatedWorld {
  readonly seed: string;
  now(): number;
  machine(computer: SimulatedComputer): Promise<Machine>;
  /** Every machine that has been looked at, as it was last changed, by its computer's name. */
  machines(): Promise<ReadonlyMap<string, Machine>>;
  events(): Promise<readonly WorldEvent[]>;
  inject(...faults: readonly SimulatedFault[]): Promise<void>;
  record(event: Omit<WorldEvent, 'at'>): Promise<void>;
  /**
   * Changes a machine as one action; `change` sees it as it is now and must not wait. Unchanged means that there was nothing to do, and is not
   * an event.
   */
  change(computer: SimulatedComputer, action: Action, change: (machine: Machine) => Machine): Promise<Machine>;
  /** Lets the faults named `at` happen around an action; `act` learns whether its bytes are to be damaged. */
  suffer<Result>(at: FaultPoint, context: CallContext, act: (damaged: boolean) => Promise<Result>): Promise<Result>;
  /** The fault that happens at this action now, for what does not fit `suffer`; one of its times is used up. */
  faultAt(point: FaultPoint): Promise<SimulatedFault['kind'] | undefined>;
  surroundings(computer: SimulatedComputer): Surroundings;
}

export interface Action {
  /** Counted and recorded when it changed the machine; absent for what is part of something larger. */
  readonly name?: string;
  /** For whom it is done. Once a higher epoch has acted on the machine, a lower one gets a ConflictError. */
  readonly fence?: Fence;
}

export interface FaultPoint {
  readonly node: string;
  readonly at: string;
}

export function createSimulatedWorld(options: SimulatedWorldOptions): SimulatedWorld {
  const { seed } = options;
  const store = options.store ?? memoryStore();
  const now = options.now ?? Date.now;
  const injected = addFaults(store, options.faults ?? []);
  const surroundings = (computer: SimulatedComputer): Surroundings => {
    const { bootSeconds, shutdownSeconds } = settingsOf(computer);
    return { seed, node: computer.name, now: now(), bootMs: bootSeconds * 1000, shutdownMs: shutdownSeconds * 1000 };
  };
  const record = (event: Omit<WorldEvent, 'at'>): Promise<void> => recordEvent(store, { at: now(), ...event });
  const change: SimulatedWorld['change'] = async (computer, action, apply) => {
    const { name, fence } = action;
    const seen = { effect: false };
    const after = await changeMachine(store, computer, surroundings(computer), (found) => {
      const machine = fence === undefined ? found : raiseEpoch(found, fence);
      const changed = apply(machine);
      seen.effect = changed !== machine;
      return name === undefined || !seen.effect ? changed : counted(changed, name, fence?.owner);
    });
    if (name !== undefined && seen.effect) {
      await record({ node: computer.name, action: name, kind: 'effect', ...(fence && { owner: fence.owner }) });
    }
    return after;
  };
  const faultAt = async (point: FaultPoint): Promise<SimulatedFault['kind'] | undefined> => {
    await injected;
    return takeFault(store, point.node, point.at);
  };
  return {
    seed,
    now,
    record,
    change,
    faultAt,
    surroundings,
    machine: (computer) => change(computer, {}, (machine) => machine),
    machines: () => readMachines(store),
    events: () => readEvents(store),
    inject: (...faults) => addFaults(store, faults),
    suffer: async (point, context, act) => suffer(await faultAt(point), point, { context, act }),
  };
}

/** Waits; an aborted signal ends it with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

async function readMachines(store: WorldStore): Promise<ReadonlyMap<string, Machine>> {
  const machines = new Map<string, Machine>();
  for (const name of await store.list('nodes')) {
    const text = await store.read(`nodes/${name}`);
    if (text !== undefined) machines.set(name, JSON.parse(text) as Machine);
  }
  return machines;
}

async function changeMachine(
  store: WorldStore,
  computer: SimulatedComputer,
  around: Surroundings,
  apply: (machine: Machine) => Machine,
): Promise<Machine> {
  return store.update(`nodes/${computer.name}`, (text) => {
    const found = text === undefined ? firstMachine(computer, around) : (JSON.parse(text) as Machine);
    const after = apply(settle(found, around.now));
    return { text: JSON.stringify(after), result: after };
  });
}

/** As a host's directory does: who acted last is compared where the act happens, in the same write. */
function raiseEpoch(machine: Machine, { owner, epoch, node }: Fence): Machine {
  const seen = machine.epoch ?? 0;
  if (epoch < seen) {
    throw new ConflictError(`act on ${node} for run ${owner}: a later attempt has taken over`, {
      evidence: { owner, epoch: seen },
    });
  }
  return epoch === seen ? machine : { ...machine, epoch };
}

interface Suffering<Result> {
  readonly context: CallContext;
  act(damaged: boolean): Promise<Result>;
}

async function suffer<Result>(
  kind: SimulatedFault['kind'] | undefined,
  point: FaultPoint,
  { context, act }: Suffering<Result>,
): Promise<Result> {
  const doing = `${point.at} on ${point.node}`;
  const evidence = { fault: kind ?? 'none' };
  if (kind === 'fail') throw new CommandFailedError(`${doing}: it failed as the world has it`, { evidence });
  if (kind === 'refuse') throw new ConflictError(`${doing}: it was refused as the world has it`, { evidence });
  if (kind === 'hang') await hang(context);
  const result = await act(kind === 'damage');
  if (kind === 'lose-answer') throw new OutcomeUnknownError(`${doing}: the answer was lost`, { evidence });
  return result;
}

async function hang(context: CallContext): Promise<never> {
  for (;;) {
    context.progress({ what: 'No answer yet' });
    await pause(1_000, context.signal);
  }
}
