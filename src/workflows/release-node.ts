import type { ComputerState } from '../domain/computer.ts';
import { catalog } from './activities.ts';
import type { Steps } from './steps.ts';

/** The last step of every procedure that claimed its node. `previous` is the state in which it was claimed. */
export async function releaseNode(steps: Steps, number: string, state: ComputerState | 'previous'): Promise<void> {
  await steps.take(
    number,
    `Release ${steps.node} and record the outcome`,
    async (step) => await catalog(`Release ${steps.node}`).releaseNode({ ...step, state }),
    { onlyForward: 'The run is over.' },
  );
}
