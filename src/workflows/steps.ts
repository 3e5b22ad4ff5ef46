import { CancellationScope, log, patched, workflowInfo } from '@temporalio/workflow';
import type { GivenAnswer, HoldAnswer, OnFailure } from '../domain/hold.ts';
import type { StepInput, StepLine } from '../domain/step-input.ts';
import { catalog } from './activities.ts';
import { answersTo, goesOn, type Back, type WhileHeld } from './back.ts';
import { givenUp, isGivenUp } from './given-up.ts';
import { refuseCancelled } from './refuse-cancelled.ts';
import { nameOf, type Registered } from './registered.ts';
import { sentenceOf } from './failure-sentence.ts';
import { isDisowned, isStalled, mayHold } from './holdable.ts';
import { Holds } from './holds.ts';
import type { MoveRequest } from '../domain/move.ts';
import { Moves, movedAway, tooLate } from './moves.ts';
import { NodePower } from './node-power.ts';
import { recordSearchAttributes } from './record-search-attributes.ts';
import { StepList } from './step-list.ts';

/** The steps of one run: shows them, waits at one that fails, and takes them back, newest first, when the run is given up or cancelled. */
export class Steps {
  readonly node: string;
  /** What an operator may do to the node's power while the run waits. */
  readonly power = new NodePower();
  /** Lets the machine go back to its user; set while that is possible. */
  rescue: ((step: StepInput) => Promise<unknown>) | undefined;
  whileHeld: WhileHeld | undefined;
  readonly #list: StepList;
  readonly #holds: Holds | undefined;
  readonly #moves: Moves | undefined;
  readonly #onFailure: OnFailure;
  readonly #stuck: string[] = [];
  readonly #stays: string[] = [];
  #touched = false;
  #timesMoved = 0;
  /** In place of a scope that a move has cancelled which came too late. */
  #outside: CancellationScope | undefined;
  #undos: Registered[] = [];

  /** Without `onFailure` nobody can make the run wait, and a step that fails ends it. */
  constructor(node: string, headline: string, onFailure?: OnFailure) {
    this.node = node;
    this.#list = new StepList(headline);
    this.#holds = onFailure === undefined ? undefined : new Holds(node, this.#list, this.power);
    this.#moves =
      this.#holds && new Moves({ node, power: this.power, holds: this.#holds, isTouched: () => this.#touched });
    this.#onFailure = onFailure ?? 'unwind';
  }

  /**
   * Registers the undo, then carries out the action: an action that timed out may still have done its work, so its undo must succeed
   * when the action never ran, half ran or ran twice. Where the action fails the run waits for an operator, if it waits at all. After a
   * cancellation no step begins.
   */
  async take<T>(number: string, title: string, action: (step: StepInput) => Promise<T>, back: Back<T>): Promise<T> {
    const take = async (): Promise<T> => await this.#take({ number, title }, action, back);
    if (this.#outside === undefined) return await take();
    return await new CancellationScope({ parent: this.#outside, cancellable: true }).run(take);
  }

  async #take<T>({ number, title }: StepLine, action: (step: StepInput) => Promise<T>, back: Back<T>): Promise<T> {
    refuseCancelled(CancellationScope.current());
    const line: StepLine = { number, title, ...('onlyForward' in back ? { untilDone: true } : {}) };
    const shown = this.#list.show(line);
    if (!('onlyForward' in back)) await this.#pauseBefore(line);
    if ('undo' in back) {
      // Of a step that begins anew on another management node there is one undo.
      this.#undos = this.#undos.filter((earlier) => earlier.line.number !== number);
      this.#undos.push({ line, shown, undo: back.undo, comesLast: back.givesUp !== undefined });
    }
    for (;;) {
      this.#list.mark(shown, 'running');
      try {
        const result = await action(this.#input(this.#stallHolds ? { ...line, stallHolds: true } : line));
        this.#list.mark(shown, 'done');
        return result;
      } catch (error) {
        this.#list.fail(shown, 'failed', error);
        if (this.#moves?.isAsked === true || !this.#mayHold(error)) throw error;
        const answer = await this.#holdAt(line, error, answersTo(back, this.rescue !== undefined));
        if (answer.answer === 'skip' && back.skippable) {
          this.#list.mark(shown, 'skipped');
          return back.skippable.instead;
        }
        if (answer.answer === 'move') throw movedAway(answer);
        if (answer.answer !== 'retry') throw this.#givenUp(line, answer, error);
      }
    }
  }

  /** Who drives the run's node now: another one once the run has moved. */
  get managementNode(): string {
    const { managementNode } = this.power;
    if (managementNode === undefined) throw new Error(`no management node drives ${this.node} yet`);
    return managementNode;
  }

  /** Carries out work that may be moved to another management node meanwhile: there it begins anew, with its first step. */
  async movable<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#list.length;
    for (;;) {
      const scope = new CancellationScope();
      this.#moves?.open(scope);
      try {
        const done = await scope.run(work);
        this.#passOver(this.#moves?.close());
        return done;
      } catch (error) {
        const asked = this.#moves?.close();
        if (asked === undefined || isGivenUp(error) || CancellationScope.current().consideredCancelled) throw error;
        this.#list.cut(before);
        await this.#move(asked);
      } finally {
        this.#moves?.close();
      }
    }
  }

  /** Shows steps that are known to come, so that the check list is whole before they begin. */
  announce(lines: readonly StepLine[]): void {
    this.#list.announce(lines);
  }

  /** Shows a step that is not taken, and why. */
  leaveOut(line: StepLine, why: string): void {
    this.#list.leaveOut(line, why);
  }

  /** Shows a sentence behind a step: what it has found or decided. */
  remark(number: string, sentence: string): void {
    this.#list.remark(number, sentence);
  }

  /** From here on the node is not as it was: a failure leaves it to be looked at. */
  touch(): void {
    this.#touched = true;
  }

  /** The state in which the run leaves its node when it is given up. */
  get leaves(): 'previous' | 'maintenance' {
    return this.#touched || this.#stuck.length > 0 ? 'maintenance' : 'previous';
  }

  /** What was done so far is not taken back any more, whatever happens; only the steps numbered in `except` are. */
  pointOfNoReturn(except: readonly string[]): void {
    const asked = this.#moves?.close();
    if (asked !== undefined && patched('goes-on-in-spite-of-a-move'))
      this.#outside = CancellationScope.current().parent;
    this.#passOver(asked);
    this.#undos = this.#undos.filter(({ line }) => except.includes(line.number));
    this.rescue = undefined;
    this.power.letBoot();
  }

  /** Says in the outcome what stays although the run fails. */
  keep(stays: string): void {
    this.#stays.push(stays);
  }

  /** Shows what came of the run above its steps. */
  conclude(outcome: string): void {
    this.#list.conclude(outcome);
  }

  /** Before work that is shielded from cancellation: it does not begin when the run was cancelled already. */
  stopIfCancelled(): void {
    refuseCancelled(CancellationScope.current());
  }

  /** What stays although the run may fail: `demo-web-v1 is published`. */
  get stays(): readonly string[] {
    return this.#stays;
  }

  /** The steps that could not be taken back, so far. */
  get stuck(): readonly string[] {
    return this.#stuck;
  }

  /**
   * Runs every undo, newest first, shielded from cancellation. One that fails does not stop the others; where the run may wait, it does so before it
   * gives up its node and its revision, and runs those again that failed.
   */
  async unwind(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      const undos = this.#undos.splice(0).reverse();
      let failed = await this.#takeBack(undos.filter(({ comesLast }) => !comesLast));
      while (failed.length > 0 && this.#holds !== undefined && this.#onFailure === 'hold') {
        if ((await this.#holdStuck(this.#holds, failed)).answer !== 'retry') break;
        failed = await this.#takeBack(failed);
      }
      this.#stuck.push(...failed.map(nameOf));
      for (const last of undos.filter(({ comesLast }) => comesLast)) {
        this.#stuck.push(...(await this.#takeBack([last])).map(nameOf));
      }
    });
  }

  async #takeBack(undos: readonly Registered[]): Promise<readonly Registered[]> {
    const failed: Registered[] = [];
    for (const registered of undos) if (!(await this.#isTakenBack(registered))) failed.push(registered);
    return failed;
  }

  async #isTakenBack({ line, shown, undo }: Registered): Promise<boolean> {
    this.#list.mark(shown, 'undoing');
    try {
      await undo(this.#input({ ...line, undo: true }));
      this.#list.mark(shown, 'undone');
      return true;
    } catch (error) {
      if (isDisowned(error)) throw error;
      this.#list.fail(shown, 'undo-failed', error);
      log.error('Step could not be undone', { step: line.number, title: line.title, error });
      return false;
    }
  }

  get #stallHolds(): boolean {
    return this.#onFailure === 'hold' && this.#touched;
  }

  #mayHold(error: unknown): boolean {
    return this.#onFailure === 'hold' && mayHold(error, this.#touched);
  }

  async #holdAt({ number, title }: StepLine, error: unknown, answers: readonly HoldAnswer[]): Promise<GivenAnswer> {
    const kind = isStalled(error) ? 'stalled' : 'failed';
    return await this.#hold({ kind, step: number, title, reason: sentenceOf(error), answers });
  }

  async #hold(reason: Parameters<Holds['wait']>[0]): Promise<GivenAnswer> {
    if (this.#holds === undefined) throw new Error('this run cannot wait');
    const place = this.whileHeld;
    await place?.leave();
    const answer = await this.#holds.wait(reason);
    if (goesOn.includes(answer.answer)) await place?.takeUp();
    return answer;
  }

  async #holdStuck(holds: Holds, failed: readonly Registered[]): Promise<GivenAnswer> {
    const step = failed.map(({ line }) => line.number).join(',');
    const why = failed.map(({ line, shown }) => `${line.number} ${line.title}: ${shown.why ?? 'failed'}`);
    const reason = `could not be taken back: ${why.join('; ')}`;
    return await holds.wait({ kind: 'stuck', step, title: 'Take the steps back', reason, answers: ['retry', 'abort'] });
  }

  /** Step 1.2, and 1.3 when it moves once more. */
  async #move({ to, by, reason }: MoveRequest): Promise<void> {
    const from = this.managementNode;
    this.whileHeld = undefined;
    this.#timesMoved += 1;
    const title = `Go on with ${to} in place of ${from}`;
    await this.take(
      `1.${String(1 + this.#timesMoved)}`,
      title,
      async (step) => await catalog(title).moveRun({ ...step, from, to, by, reason }),
      { noUndo: `What the run has left on ${from} is found by imprint doctor once the run is over.` },
    );
    this.power.drivenBy(to);
    recordSearchAttributes({ ImprintManagementNode: to });
  }

  #passOver(asked: MoveRequest | undefined): void {
    if (asked === undefined) return;
    this.leaveOut({ number: `1.${String(2 + this.#timesMoved)}`, title: `Go on with ${asked.to}` }, tooLate(asked));
  }

  async #pauseBefore(line: StepLine): Promise<void> {
    const asked = this.#holds?.pauseAsked;
    if (asked === undefined) return;
    const { number: step, title } = line;
    const reason = `${asked.by} asked for a pause before this step${asked.reason === '' ? '' : `: ${asked.reason}`}`;
    const answers: HoldAnswer[] = ['resume', 'abort', ...(this.rescue === undefined ? [] : ['rescue' as const])];
    const answer = await this.#hold({ kind: 'paused', step, title, reason, answers });
    if (answer.answer === 'move') throw movedAway(answer);
    if (answer.answer !== 'resume') throw this.#givenUp(line, answer);
  }

  /** A rescue is the first of what is then taken back, after all that works on the disks. */
  #givenUp(line: StepLine, answer: GivenAnswer, cause?: unknown): Error {
    if (answer.answer === 'rescue' && this.rescue !== undefined) this.#registerRescue(this.rescue);
    return givenUp(line, answer, cause);
  }

  #registerRescue(undo: (step: StepInput) => Promise<unknown>): void {
    this.power.letBoot();
    const line: StepLine = { number: '10', title: `Give ${this.node} back to its user` };
    const shown = this.#list.show(line);
    const plan = this.#undos.findIndex(({ line: { number } }) => number === '5');
    const giveBack = async (step: StepInput): Promise<void> => {
      await undo(step);
      this.#touched = false;
    };
    this.#undos.splice(plan + 1, 0, { line, shown, undo: giveBack, comesLast: false });
  }

  #input(step: StepLine): StepInput {
    return { run: workflowInfo().workflowId, node: this.node, step };
  }
}
