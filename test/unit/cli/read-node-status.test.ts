import { describe, expect, it } from 'vitest';
import { resultOf } from '../../../src/cli/read-node-status.ts';
import { captureTerminal } from '../../support/captured-terminal.ts';
import { capture } from './runs-at-one-moment.ts';

const tries = (attempt: number) => capture({ activity: { attempt, waitingFor: 'virsh could not domstate lab-07' } });

describe('waiting for a status', () => {
  it('tells what it waits for, once as long as that is the same', async () => {
    const terminal = captureTerminal();
    let answer: (status: string) => void = () => undefined;
    const answered = new Promise<string>((resolve) => (answer = resolve));
    const run = {
      result: async () => await answered,
      async *watch() {
        yield* [tries(2), tries(2), tries(3)];
        answer('RELOAD');
      },
    };

    expect(await resultOf(run, terminal)).toBe('RELOAD');

    expect(terminal.err).toEqual([
      'still waiting: attempt 2: virsh could not domstate lab-07',
      'still waiting: attempt 3: virsh could not domstate lab-07',
    ]);
  });

  it('answers although nobody could look at the run meanwhile', async () => {
    const terminal = captureTerminal();
    const run = {
      result: async () => await Promise.resolve('READY'),
      watch: () => {
        throw new Error('connection refused');
      },
    };

    expect(await resultOf(run, terminal)).toBe('READY');
    expect(terminal.err).toEqual([]);
  });
});
