import { CancellationScope, CancelledFailure, log, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { describeSteps, type ShownStep } from './details.ts';
import { sentenceOf } from './failure-sentence.ts';
import type { StepInput, StepLine } from '../domain/step-input.ts';

/**
 * How a step is taken back, or the sentence that says why nothing has to be, or why there is no way but forward: such a step is tried until
 * it succeeds, unless it was refused for good.
 */
export type Undo =
  | { readonly undo: (step: StepInput) => Promise<unknown> }
  | { readonly noUndo: string }
  | { readonly onlyForward: string };

interface Registered {
  readonly line: StepLine;
  readonly shown: ShownStep;
  readonly undo: (step: StepInput) => Promise<unknown>;
}

/** The steps of one run: shows them, and takes them back, newest first, when the run fails or is cancelled. */
export class Steps {
  readonly node: string;
  readonly #headline: string;
  readonly #shown: ShownStep[] = [];
  readonly #stuck: string[] = [];
  readonly #stays: string[] = [];
  #undos: Registered[] = [];
  #outcome: string | undefined;

  constructor(node: string, headline: string) {
    this.node = node;
    this.#headline = headline;
  }

  /**
   * Registers the undo, then carries out the action: an action that timed out may still have done its work, so its undo must succeed
   * when the action never ran, half ran or ran twice. After a cancellation no step begins.
   */
  async take<T>(number: string, title: string, action: (step: StepInput) => Promise<T>, back: Undo): Promise<T> {
    refuseCancelled(CancellationScope.current());
    const line: StepLine = { number, title, ...('onlyForward' in back ? { untilDone: true } : {}) };
    const shown = this.#show(line);
    if ('undo' in back) this.#undos.push({ line, shown, undo: back.undo });
    this.#mark(shown, 'running');
    try {
      const result = await action(this.#input(line));
      this.#mark(shown, 'done');
      return result;
    } catch (error) {
      this.#fail(shown, 'failed', error);
      throw error;
    }
  }

  /** Shows steps that are known to come, so that the check list is whole before they begin. */
  announce(lines: readonly StepLine[]): void {
    for (const line of lines) this.#show(line);
    this.#publishDetails();
  }

  /** What was done so far is not taken back any more, whatever happens; only the steps numbered in `except` are. */
  pointOfNoReturn(except: readonly string[], stays: string): void {
    this.#stays.push(stays);
    this.#undos = this.#undos.filter(({ line }) => except.includes(line.number));
  }

  /** Shows what came of the run above its steps. */
  conclude(outcome: string): void {
    this.#outcome = outcome;
    this.#publishDetails();
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

  /** Runs every undo, newest first, shielded from cancellation. Returns the steps that could not be undone. */
  async unwind(): Promise<readonly string[]> {
    return await CancellationScope.nonCancellable(async () => {
      for (const registered of this.#undos.splice(0).reverse()) {
        if (!(await this.#takeBack(registered))) this.#stuck.push(`${registered.line.number} ${registered.line.title}`);
      }
      return this.#stuck;
    });
  }

  async #takeBack({ line, shown, undo }: Registered): Promise<boolean> {
    this.#mark(shown, 'undoing');
    try {
      await undo(this.#input({ ...line, undo: true }));
      this.#mark(shown, 'undone');
      return true;
    } catch (error) {
      this.#fail(shown, 'undo-failed', error);
      log.error('Step could not be undone', { step: line.number, title: line.title, error });
      return false;
    }
  }

  #input(step: StepLine): StepInput {
    return { run: workflowInfo().workflowId, node: this.node, step };
  }

  #show(line: StepLine): ShownStep {
    const known = this.#shown.find(({ number }) => number === line.number);
    if (known) return known;
    const shown: ShownStep = { number: line.number, title: line.title, state: 'planned' };
    this.#shown.push(shown);
    return shown;
  }

  #mark(shown: ShownStep, state: ShownStep['state']): void {
    shown.state = state;
    this.#publishDetails();
  }

  #fail(shown: ShownStep, state: 'failed' | 'undo-failed', error: unknown): void {
    if (error instanceof Error) shown.why = sentenceOf(error);
    this.#mark(shown, state);
  }

  #publishDetails(): void {
    setCurrentDetails(describeSteps(this.#headline, this.#shown, this.#outcome));
  }
}

function refuseCancelled(scope: CancellationScope): void {
  if (scope.consideredCancelled) throw new CancelledFailure('run was cancelled');
}
