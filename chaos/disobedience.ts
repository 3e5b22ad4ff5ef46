import { OutcomeUnknownError } from '../src/domain/errors.ts';
import type { StepRecord } from '../src/domain/run.ts';
import type { Around } from '../test/support/tampering.ts';
import { describeCall } from './ordered-call.ts';
import type { Order, Orders } from './orders.ts';

/** Calls that change the world, the library or who owns what. */
const acts: readonly RegExp[] = [
  /^provisioner\(\)\.(capturing|loading)\.steps\.\w+\.(act|undo)$/,
  /^provisioner\(\)\.power\.(on|askOff|forceOff|reset)$/,
  /^catalog\.revisions\.(reserve|publish|abandon)$/,
  /^catalog\.claims\.release$/,
  /^catalog\.slots\.release$/,
  /^library\.shell\.run$/,
];

/** Between the activities of a worker process and what they work with: does wrong what the orders say. */
export function disobey(orders: Orders, freeze: () => void): Around {
  return async (path, args, call) => {
    const isAct = acts.some((act) => act.test(path));
    const obeys = (order: Order): boolean => orders.take(order, describeCall(path));
    // Proved, and not done yet: the moment at which a worker that stands still is most dangerous.
    if (isAct && obeys('freeze')) freeze();
    const result = await call();
    if (isAct && obeys('duplicate')) await again(call);
    if (endsStep(path, args) && obeys('lose-answer')) throw new OutcomeUnknownError('the answer was lost');
    return result;
  };
}

/** What the second one is told reaches nobody. */
async function again(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // A refusal is as good as doing nothing.
  }
}

/** That a step was done, or undone, is the last thing that its activity writes down. */
function endsStep(path: string, args: readonly unknown[]): boolean {
  if (path !== 'catalog.runs.recordStep') return false;
  const { state } = args[1] as StepRecord;
  return state === 'done' || state === 'undone';
}
