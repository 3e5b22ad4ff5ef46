import { ApplicationFailure, condition, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow';
import { parseHeldPowerRequest, type HeldPowerRequest } from '../domain/held-power.ts';
import type { Hold } from '../domain/hold.ts';
import type { PowerReading } from '../domain/power.ts';
import { powerOfHeld } from './activities.ts';
import { describeFailure } from './failure-sentence.ts';
import type { NodePower } from './node-power.ts';
import { refusal } from './refusal.ts';

/**
 * The update `power` of a run that waits for an operator. It is carried out under the run's own claim, does not end the hold, and is refused where
 * booting the node would do harm.
 */
export class HeldPower {
  readonly #node: string;
  readonly #power: NodePower;
  readonly #openHold: (id: string) => Hold;
  #count = 0;
  #underWay: HeldPowerRequest | undefined;

  /** `openHold` answers the hold of that id, or throws why it takes no more. */
  constructor(node: string, power: NodePower, openHold: (id: string) => Hold) {
    this.#node = node;
    this.#power = power;
    this.#openHold = openHold;
    const handler = async (request: HeldPowerRequest): Promise<PowerReading> => await this.#carryOut(request);
    setHandler(defineUpdate<PowerReading, [HeldPowerRequest]>('power'), handler, {
      validator: (request: HeldPowerRequest) => this.#refuse(request),
      description: 'Powers the node of a held run on or off, or resets it; the run goes on waiting.',
    });
  }

  /** Resolves when nothing is being done to the power any more. */
  async settled(): Promise<void> {
    if (this.#underWay !== undefined) await condition(() => this.#underWay === undefined);
  }

  #refuse(given: HeldPowerRequest): void {
    const { hold, action } = parseHeldPowerRequest(given);
    const { answers } = this.#openHold(hold);
    const [harm, asked] = [this.#power.harmOf(action), this.#underWay];
    if (asked !== undefined) throw refusal(`power ${asked.action} by ${asked.by} is under way`);
    if (this.#power.managementNode === undefined) throw refusal(`the run does not own ${this.#node} yet`);
    if (harm === undefined) return;
    const instead = answers.includes('rescue') ? 'say rescue instead' : `what may be said: ${answers.join(', ')}`;
    throw refusal(`power ${action}: ${harm}; ${instead}`);
  }

  async #carryOut(given: HeldPowerRequest): Promise<PowerReading> {
    const request = parseHeldPowerRequest(given);
    this.#underWay = request;
    this.#count += 1;
    const input = { ...request, run: workflowInfo().workflowId, node: this.#node, number: this.#count };
    try {
      const summary = `Power ${request.action} ${this.#node}, as ${request.by} asked`;
      return await powerOfHeld(this.#power.managementNode ?? '', summary).powerHeldNode(input);
    } catch (error) {
      const { reason: type, message } = describeFailure(error instanceof Error ? error : undefined);
      throw ApplicationFailure.create({ type, message, nonRetryable: true });
    } finally {
      this.#underWay = undefined;
    }
  }
}
