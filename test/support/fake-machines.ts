import { ConflictError, DeadlineError, OutcomeUnknownError } from '../../src/domain/errors.ts';
import type { PowerReading, PowerValue } from '../../src/domain/power.ts';
import type { BootTarget, BootTargetReading, ComputerPower } from '../../src/power/power-module.ts';

interface Machine {
  power: PowerValue;
  bootTarget: BootTarget;
}

/** Machines with controllers that do at once what they accept. An action that is named in `lost` is done, and its answer is lost. */
export class FakeMachines {
  readonly #machines = new Map<string, Machine>();
  #booted: (node: string) => void = () => undefined;
  /** Everything that was asked of the controllers, in order: `on source`. */
  readonly asked: string[] = [];
  /** Answers to be lost: `on`, `setBootTarget`; each once. */
  readonly lost: string[] = [];
  /** Actions that the controller does not take now; each once. */
  readonly refused: string[] = [];

  add(node: string, power: PowerValue): void {
    this.#machines.set(node, { power, bootTarget: 'disk' });
  }

  get(node: string): Readonly<Machine> {
    return { ...this.#require(node) };
  }

  set(node: string, power: PowerValue): void {
    this.#require(node).power = power;
  }

  onNetworkBoot(booted: (node: string) => void): void {
    this.#booted = booted;
  }

  readonly power: ComputerPower = {
    read: async ({ name }) => this.#read(name),
    on: async ({ name }) => this.#act('on', name, (machine) => machine.power !== 'on' && this.#boot(name, machine)),
    askOff: async ({ name }) => this.#act('askOff', name, (machine) => (machine.power = 'off')),
    forceOff: async ({ name }) => this.#act('forceOff', name, (machine) => (machine.power = 'off')),
    reset: async ({ name }) => this.#act('reset', name, (machine) => this.#boot(name, machine)),
    awaitOff: async ({ name }, { seconds }) => await this.#awaitOff(name, seconds),
    readBootTarget: async ({ name }) => this.#target(name),
    setBootTarget: async ({ name }, { target }) => {
      this.#act('setBootTarget', name, (machine) => (machine.bootTarget = target));
      return this.#target(name);
    },
    has: () => true,
    hasBootTarget: () => true,
    problems: () => [],
  };

  #act(action: string, node: string, act: (machine: Machine) => unknown): void {
    this.asked.push(`${action} ${node}`);
    const refused = this.refused.indexOf(action);
    if (refused >= 0) {
      this.refused.splice(refused, 1);
      throw new ConflictError(`${node} does not take ${action} now`);
    }
    act(this.#require(node));
    const lost = this.lost.indexOf(action);
    if (lost < 0) return;
    this.lost.splice(lost, 1);
    throw new OutcomeUnknownError(`the answer to ${action} was lost`);
  }

  #boot(node: string, machine: Machine): void {
    machine.power = 'on';
    if (machine.bootTarget === 'network') this.#booted(node);
  }

  async #awaitOff(node: string, seconds: number): Promise<PowerReading> {
    // A fake environment is off at once or never.
    const reading = this.#read(node);
    if (reading.value === 'off') return reading;
    throw new DeadlineError(`${node} reads ${reading.value} after ${String(seconds)} s, not off`);
  }

  #read(node: string): PowerReading {
    const { power } = this.#require(node);
    return { value: power, raw: `Chassis Power is ${power}`, at: new Date().toISOString() };
  }

  #target(node: string): BootTargetReading {
    const { bootTarget } = this.#require(node);
    return { target: bootTarget, lasting: 'until changed', raw: `Boot Device Selector : ${bootTarget}`, at: 'now' };
  }

  #require(node: string): Machine {
    const machine = this.#machines.get(node);
    if (machine === undefined) throw new Error(`there is no machine ${node}`);
    return machine;
  }
}
