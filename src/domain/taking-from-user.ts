import type { PlanStep } from './plan.ts';

const kinds: readonly PlanStep['kind'][] = ['preCapture', 'askOff', 'proveOff'];

/**
 * Whether nobody can work on the node from this step of a capture's plan on: its system is prepared, or asked to power off where no OS module prepares it. A run
 * that takes another up begins with the proof that this was done.
 */
export function takesFromUser({ kind }: Pick<PlanStep, 'kind'>): boolean {
  return kinds.includes(kind);
}
