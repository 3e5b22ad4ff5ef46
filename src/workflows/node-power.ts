import type { PowerAction } from '../domain/power.ts';

/** What may be done to the power of a run's node by somebody else than its steps. */
export class NodePower {
  #managementNode: string | undefined;
  #mustNotBoot: string | undefined;

  /** Whose worker drives the node; undefined before the run has claimed it. */
  get managementNode(): string | undefined {
    return this.#managementNode;
  }

  drivenBy(managementNode: string): void {
    this.#managementNode = managementNode;
  }

  /** From here on nothing but a step of the run boots the node; `why` is the sentence that whoever tries is told. */
  keepFromBooting(why: string): void {
    this.#mustNotBoot = why;
  }

  letBoot(): void {
    this.#mustNotBoot = undefined;
  }

  /** Why the action would do harm; undefined when it would not. A machine may always be powered off. */
  harmOf(action: PowerAction): string | undefined {
    return action === 'off' ? undefined : this.#mustNotBoot;
  }
}
