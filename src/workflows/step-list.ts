import { setCurrentDetails } from '@temporalio/workflow';
import type { Hold } from '../domain/hold.ts';
import type { StepLine } from '../domain/step-input.ts';
import { describeSteps, type ShownStep } from './details.ts';
import { sentenceOf } from './failure-sentence.ts';

/** The check list of one run, as Temporal's UI shows it. */
export class StepList {
  readonly #headline: string;
  readonly #shown: ShownStep[] = [];
  #outcome: string | undefined;
  #hold: Hold | undefined;

  constructor(headline: string) {
    this.#headline = headline;
  }

  /** Shows steps that are known to come, so that the check list is whole before they begin. */
  announce(lines: readonly StepLine[]): void {
    for (const line of lines) this.show(line);
    this.#publish();
  }

  /** How many steps are shown. */
  get length(): number {
    return this.#shown.length;
  }

  /** Forgets all steps behind the first `length`: they begin anew. */
  cut(length: number): void {
    this.#shown.splice(length);
    this.#publish();
  }

  show(line: StepLine): ShownStep {
    const known = this.#shown.find(({ number }) => number === line.number);
    if (known) return known;
    const shown: ShownStep = { number: line.number, title: line.title, state: 'planned' };
    this.#shown.push(shown);
    return shown;
  }

  mark(shown: ShownStep, state: ShownStep['state']): void {
    shown.state = state;
    this.#publish();
  }

  fail(shown: ShownStep, state: 'failed' | 'undo-failed', error: unknown): void {
    if (error instanceof Error) shown.why = sentenceOf(error);
    this.mark(shown, state);
  }

  /** Shows a step that was asked for and is not taken, and why. */
  leaveOut(line: StepLine, why: string): void {
    const shown = this.show(line);
    shown.why = why;
    this.mark(shown, 'skipped');
  }

  /** Shows a sentence behind a step. */
  remark(number: string, sentence: string): void {
    const shown = this.#shown.find((one) => one.number === number);
    if (shown !== undefined) shown.why = sentence;
    this.#publish();
  }

  /** Shows above the steps what the run waits for; with nothing, that it waits no longer. */
  showHold(hold: Hold | undefined): void {
    this.#hold = hold;
    this.#publish();
  }

  /** Shows what came of the run above its steps. */
  conclude(outcome: string): void {
    this.#outcome = outcome;
    this.#publish();
  }

  #publish(): void {
    setCurrentDetails(describeSteps(this.#headline, this.#shown, { outcome: this.#outcome, hold: this.#hold }));
  }
}
