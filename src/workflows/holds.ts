import {
  type ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineUpdate,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import {
  holdAnswers,
  holdId,
  isSameElsewhere,
  parseAnswerRequest,
  parseWho,
  type AnswerRequest,
  type GivenAnswer,
  type Hold,
  type HoldAnswer,
} from '../domain/hold.ts';
import { catalog } from './activities.ts';
import { HeldPower } from './held-power.ts';
import type { NodePower } from './node-power.ts';
import { recordSearchAttributes } from './record-search-attributes.ts';
import { refusal } from './refusal.ts';
import type { StepList } from './step-list.ts';

/** Why a run is to wait. */
export type HoldReason = Omit<Hold, 'id'>;
type Who = Omit<AnswerRequest, 'hold'>;

/** The dev server keeps keywords of 255 characters. */
const longestWhy = 200;

/**
 * Where one run waits for an operator. Its updates `retry`, `skip`, `abort`, `rescue` and `resume` name the hold that they answer: Temporal
 * hands old updates to a run again that was reset, and those must not answer another hold. A run that was reset while it waited learns it from
 * them, and records its hold anew. Its query `hold` says what it waits for, its update `power` acts on its node meanwhile.
 */
export class Holds {
  readonly #node: string;
  readonly #list: StepList;
  readonly #power: HeldPower;
  #count = 0;
  #open: Hold | undefined;
  #given: GivenAnswer | undefined;
  #pause: Who | undefined;
  /** This execution got an answer to a hold of another one: it began behind the record of the hold at which it waits. */
  #wasReset = false;

  constructor(node: string, list: StepList, power: NodePower) {
    this.#node = node;
    this.#list = list;
    setHandler(defineQuery('hold'), () => this.#open ?? null);
    for (const answer of holdAnswers) this.#listenFor(answer);
    setHandler(defineUpdate<undefined, [Who]>('pause'), (who) => this.#askForPause(who), {
      validator: (who: Who) => this.#refusePause(who),
      description: 'Waits before its next step.',
    });
    this.#power = new HeldPower(node, power, (hold) => this.#requireOpen(hold));
  }

  /** Who asked the run to wait before its next step; undefined when nobody did. */
  get pauseAsked(): Who | undefined {
    return this.#pause;
  }

  /** An operator moves the run: that ends the hold at which it waits. False where it does not wait, or was answered already. */
  answerMove({ by, reason }: Who): boolean {
    if (this.#open === undefined || this.#given !== undefined) return false;
    this.#given = { answer: 'move', by, reason };
    return true;
  }

  /** The word of an operator that ends the run. */
  get givenUp(): GivenAnswer | undefined {
    const given = this.#given;
    return given !== cancelledAnswer && (given?.answer === 'abort' || given?.answer === 'rescue') ? given : undefined;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Waits for an operator, for as long as it takes. A cancellation is an answer too: then it throws. */
  async wait(reason: HoldReason): Promise<GivenAnswer> {
    const hold = this.#begin(reason);
    try {
      await this.#untilAnswered(hold);
    } catch (error) {
      await CancellationScope.nonCancellable(async () => await this.#end(hold, cancelledAnswer));
      throw error;
    }
    return await CancellationScope.nonCancellable(async () => await this.#end(hold, this.#given ?? cancelledAnswer));
  }

  #begin(reason: HoldReason): Hold {
    this.#count += 1;
    const hold: Hold = { id: holdId(reason.step, this.#count, workflowInfo().runId), ...reason };
    this.#open = hold;
    this.#given = undefined;
    this.#pause = undefined;
    this.#wasReset = false;
    this.#list.showHold(hold);
    recordSearchAttributes({
      ImprintHeld: hold.kind,
      ImprintHeldWhy: `${hold.step} ${hold.reason}`.slice(0, longestWhy),
    });
    return hold;
  }

  /** Nothing is taken back at the deadline: the alarm is repeated. */
  async #untilAnswered(hold: Hold): Promise<void> {
    const held = { run: workflowInfo().workflowId, node: this.#node, hold };
    const what = `Hold at step ${hold.step}: ${hold.reason}`;
    const { deadlineSeconds } = await catalog(what).recordHold(held);
    for (;;) {
      const isWoken = await condition(() => this.#given !== undefined || this.#wasReset, deadlineSeconds * 1_000);
      if (this.#given !== undefined) return;
      if (isWoken) await this.#recordAgain(what, held);
      else {
        recordSearchAttributes({ ImprintHeld: 'parked' });
        await catalog('Repeat the alarm: nobody has answered').recordParked(held);
      }
    }
  }

  /** The record names the execution that was reset, and says that it was answered. */
  async #recordAgain(what: string, held: Parameters<Activities['recordHold']>[0]): Promise<void> {
    this.#wasReset = false;
    await catalog(what).recordHold(held);
  }

  async #end(hold: Hold, answer: GivenAnswer): Promise<GivenAnswer> {
    this.#given = answer;
    await this.#power.settled();
    this.#open = undefined;
    this.#list.showHold(undefined);
    recordSearchAttributes({ ImprintHeld: undefined, ImprintHeldWhy: undefined });
    const held = { run: workflowInfo().workflowId, node: this.#node, hold };
    await catalog(`Record the answer: ${answer.answer}`).recordAnswer({ ...held, answer });
    return answer;
  }

  #listenFor(answer: HoldAnswer): void {
    const give = (request: AnswerRequest): undefined => {
      const { hold, by, reason } = parseAnswerRequest(request);
      if (this.#open !== undefined && isSameElsewhere(hold, this.#open.id) && isTakenNow()) {
        this.#wasReset = true;
        throw notOpen(hold, this.#open);
      }
      this.#given = { answer, by, reason };
    };
    setHandler(defineUpdate<undefined, [AnswerRequest]>(answer), give, {
      validator: (request: AnswerRequest) => this.#refuseAnswer(answer, request),
      description: meanings[answer],
    });
  }

  #refuseAnswer(answer: HoldAnswer, request: AnswerRequest): void {
    const { hold, reason } = parseAnswerRequest(request);
    // What a validator refuses is not in the history, and could not wake the run: the handler refuses this.
    if (this.#open !== undefined && isSameElsewhere(hold, this.#open.id)) return;
    const open = this.#requireOpen(hold);
    if (!open.answers.includes(answer)) {
      throw refusal(`${answer} does not answer step ${open.step}; what does: ${open.answers.join(', ')}`);
    }
    if (answer === 'skip' && reason === '') throw refusal('reason: say why the step is skipped');
  }

  #requireOpen(hold: string): Hold {
    const open = this.#open;
    if (open === undefined) throw refusal('the run does not wait for an operator');
    if (hold !== open.id) throw notOpen(hold, open);
    if (this.#given === undefined) return open;
    throw refusal(`hold ${hold} was answered already: ${this.#given.answer} by ${this.#given.by}`);
  }

  #askForPause(who: Who): undefined {
    this.#pause = parseWho(who);
  }

  #refusePause(who: Who): void {
    parseWho(who);
    if (this.#open !== undefined) throw refusal(`the run waits already, at hold ${this.#open.id}`);
  }
}

/** Temporal's UI shows them where an update is chosen. */
const meanings: Readonly<Record<HoldAnswer, string>> = {
  retry: 'Takes a held run up again at the step that failed.',
  skip: 'Goes on without the step that failed, where it allows that.',
  abort: 'Takes the steps of a held run back.',
  rescue: 'The same, and gives the machine of a capture back to its user.',
  resume: 'Lets a paused run go on.',
};

const cancelledAnswer: GivenAnswer = { answer: 'abort', by: 'the cancellation', reason: 'the run was cancelled' };

/**
 * Whether this execution is the one that takes the update, then and whenever it is replayed: an answer that lies in the history before the point to
 * which the run was reset names another execution too, and was right.
 */
function isTakenNow(): boolean {
  return patched(`answer-to-another-execution-${currentUpdateInfo()?.id ?? ''}`);
}

function notOpen(hold: string, open: Hold): ApplicationFailure {
  return refusal(`hold ${hold} is not open; the run waits at hold ${open.id}`);
}
