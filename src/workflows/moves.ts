import {
  ApplicationFailure,
  type CancellationScope,
  defineUpdate,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { parseLeaveRequest, parseMoveRequest, type LeaveRequest, type MoveRequest } from '../domain/move.ts';
import { catalog } from './activities.ts';
import { describeFailure } from './failure-sentence.ts';
import type { Holds } from './holds.ts';
import type { NodePower } from './node-power.ts';
import { refusal } from './refusal.ts';

/** What tells whether a run may move, and how. */
export interface MovingRun {
  readonly node: string;
  readonly power: NodePower;
  readonly holds: Holds;
  /** Whether the run has begun to change its node, or to make something of it. */
  isTouched(): boolean;
}

/**
 * The updates by which a run goes on with another management node. `move` is an operator's word that nothing of the run works any more where it was;
 * `leaveManagementNode` comes from a worker that finds that one away, and is refused once the run has begun to change its node.
 */
export class Moves {
  readonly #run: MovingRun;
  #scope: CancellationScope | undefined;
  #asked: MoveRequest | undefined;

  constructor(run: MovingRun) {
    this.#run = run;
    setHandler(defineUpdate<undefined, [MoveRequest]>('move'), async (request) => await this.#move(request), {
      validator: (request: MoveRequest) => {
        this.#refuse(parseMoveRequest(request));
        this.#refuseGivenUp();
      },
      description: 'Goes on with another management node: nothing of the run works any more on the one it had.',
    });
    const leave = async (request: LeaveRequest): Promise<undefined> => await this.#leave(request);
    setHandler(defineUpdate<undefined, [LeaveRequest]>('leaveManagementNode'), leave, {
      validator: (request: LeaveRequest) => this.#refuseToLeave(parseLeaveRequest(request)),
      description: 'Asked by a worker when the management node of the run is away.',
    });
  }

  /** From here on until `close` the run may be moved; what it does then in `scope` is cancelled, and its steps end. */
  open(scope: CancellationScope): void {
    this.#scope = scope;
  }

  /** Answers what was asked meanwhile, once. */
  close(): MoveRequest | undefined {
    const asked = this.#asked;
    this.#scope = this.#asked = undefined;
    return asked;
  }

  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  async #move(given: MoveRequest): Promise<undefined> {
    const request = parseMoveRequest(given);
    await this.#look(request);
    this.#refuse(request);
    // Old histories have moves that came after an abort.
    if (this.#run.holds.givenUp !== undefined && patched('no-move-once-given-up')) this.#refuseGivenUp();
    this.#begin(request);
  }

  async #leave(given: LeaveRequest): Promise<undefined> {
    const request = parseLeaveRequest(given);
    await this.#look(request);
    this.#refuseToLeave(request);
    this.#begin(request);
  }

  #begin({ to, by, reason }: MoveRequest): void {
    this.#asked = { to, by, reason };
    if (!this.#run.holds.answerMove({ by, reason })) this.#scope?.cancel();
  }

  #refuse({ to }: MoveRequest): void {
    const { managementNode } = this.#run.power;
    if (managementNode === undefined) throw refusal(`the run does not own ${this.#run.node} yet`);
    if (to === managementNode) throw refusal(`the run is driven by ${to} already`);
    if (this.#scope === undefined) {
      throw refusal(`the run stays with ${managementNode}: what it has made lies there, or it is being taken back`);
    }
    if (this.#asked !== undefined) throw refusal(`the run moves to ${this.#asked.to} already`);
  }

  /** Whoever gave the run up was told that it ends: what follows is not carried out elsewhere. */
  #refuseGivenUp(): void {
    const given = this.#run.holds.givenUp;
    if (given === undefined) return;
    throw refusal(`the run was given up: ${given.answer} by ${given.by}`);
  }

  #refuseToLeave(request: LeaveRequest): void {
    this.#refuse(request);
    const { managementNode } = this.#run.power;
    if (request.from !== managementNode) throw refusal(`the run is driven by ${managementNode ?? 'nobody'}`);
    if (this.#run.holds.isOpen) throw refusal('the run waits for an operator');
    if (this.#run.isTouched())
      throw refusal(`only an operator can say that nothing of the run works on ${request.from}`);
  }

  /** Whoever is asked to drive the run must be able to. */
  async #look({ to }: MoveRequest): Promise<void> {
    const { node } = this.#run;
    try {
      await catalog(`Look whether ${to} can drive ${node}`).checkMove({ run: workflowInfo().workflowId, node, to });
    } catch (error) {
      const { reason: type, message } = describeFailure(error instanceof Error ? error : undefined);
      throw ApplicationFailure.create({ type, message, nonRetryable: true });
    }
  }
}

/** Shown of a move that was asked when nothing was left to be done elsewhere. */
export function tooLate({ by, to }: MoveRequest): string {
  return `${by} asked for it, and ${to} is not needed: what the run had to do where it is was done by then`;
}

/** What ends the steps of a run that goes on elsewhere. */
export function movedAway({ by, reason }: Pick<MoveRequest, 'by' | 'reason'>): ApplicationFailure {
  return ApplicationFailure.create({ type: 'Moved', message: `moved by ${by}: ${reason}`, nonRetryable: true });
}
