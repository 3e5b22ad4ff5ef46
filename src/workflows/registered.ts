import type { StepInput, StepLine } from '../domain/step-input.ts';
import type { ShownStep } from './details.ts';

/** A step that can be taken back. */
export interface Registered {
  /** Its undo gives up what the other undos work with: it comes after all of them. */
  readonly comesLast: boolean;
  readonly line: StepLine;
  readonly shown: ShownStep;
  readonly undo: (step: StepInput) => Promise<unknown>;
}

export function nameOf({ line }: Registered): string {
  return `${line.number} ${line.title}`;
}
