import type { GivenAnswer, HoldAnswer } from '../domain/hold.ts';
import type { StepInput } from '../domain/step-input.ts';

/**
 * How a step is taken back, or the sentence that says why nothing has to be, or why there is no way but forward: such a step is tried until
 * it succeeds, unless it was refused for good. Where an operator may give the run up even there, `orGivenUp` says what then happens.
 */
export type Undo =
  | { readonly undo: (step: StepInput) => Promise<unknown>; readonly givesUp?: 'what the run owns' }
  | { readonly noUndo: string }
  | { readonly onlyForward: string; readonly orGivenUp?: string };

/** A step that an operator may leave out says what is then missing, and what it would have answered. */
export type Back<T> = Undo & { readonly skippable?: { readonly without: string; readonly instead: T } };

/** What a run gives up while it waits for an operator, and takes again before it goes on: a place that others could use. */
export interface WhileHeld {
  readonly leave: () => Promise<unknown>;
  readonly takeUp: () => Promise<unknown>;
}

/** After these a run begins a step, and needs what it gave up while it waited. */
export const goesOn: readonly GivenAnswer['answer'][] = ['retry', 'skip', 'resume'];

/** Where there is no way but forward, giving up would leave what nobody takes back, unless the step says otherwise. */
export function answersTo(back: Back<unknown>, rescuable: boolean): readonly HoldAnswer[] {
  if ('onlyForward' in back) return back.orGivenUp === undefined ? ['retry'] : ['retry', 'abort'];
  return [
    'retry',
    ...(back.skippable ? (['skip'] as const) : []),
    'abort',
    ...(rescuable ? (['rescue'] as const) : []),
  ];
}
