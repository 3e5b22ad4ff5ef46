import { describe, expect, it } from 'vitest';
import type { RunProgress } from '../../../src/client.ts';
import { followRun } from '../../../src/cli/follow-run.ts';
import { openRunView, type RunView } from '../../../src/cli/run-view.ts';
import { NotFoundError, UnavailableError } from '../../../src/domain/errors.ts';
import { captureTerminal } from '../../support/captured-terminal.ts';
import { capture } from './runs-at-one-moment.ts';

function recordingView(): RunView & { readonly seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    update: ({ status }) => void seen.push(status),
    note: (text) => void seen.push(text),
    close: () => void seen.push('closed'),
  };
}

/** Each call of `watch` goes on with the next of the given acts. */
function runThat(...acts: readonly (() => AsyncGenerator<RunProgress>)[]): { watch(): AsyncGenerator<RunProgress> } {
  const left = [...acts];
  return { watch: () => left.shift()!() };
}

async function* ends(): AsyncGenerator<RunProgress> {
  yield capture();
  yield capture({ status: 'COMPLETED' });
}

async function* fails(error: Error): AsyncGenerator<RunProgress> {
  yield capture();
  throw error;
}

async function* goesOn(): AsyncGenerator<RunProgress> {
  yield capture();
  await new Promise(() => undefined);
}

const forever = new AbortController().signal;

describe('following a run', () => {
  it('shows each state and returns the last', async () => {
    const view = recordingView();
    const last = await followRun(runThat(ends), view, forever);
    expect(last?.status).toBe('COMPLETED');
    expect(view.seen).toEqual(['RUNNING', 'COMPLETED', 'closed']);
  });

  it('ends at once when it is interrupted, while the run goes on', async () => {
    const view = recordingView();
    const interrupt = new AbortController();
    const following = followRun(runThat(goesOn), view, interrupt.signal);
    interrupt.abort();
    expect(await following).toBeUndefined();
    expect(view.seen.at(-1)).toBe('closed');
  });

  it('goes on watching when Temporal was away', async () => {
    const view = recordingView();
    const away = () => fails(new UnavailableError('no answer'));
    const last = await followRun(runThat(away, ends), view, forever);
    expect(last?.status).toBe('COMPLETED');
    expect(view.seen[1]).toBe('cannot look at the run just now (no answer); trying again');
  });

  it('gives up at once when there is no such run', async () => {
    const gone = () => fails(new NotFoundError('no run'));
    await expect(followRun(runThat(gone, ends), recordingView(), forever)).rejects.toThrow('no run');
  });
});

describe('the view', () => {
  it('replaces frames at a terminal and prints nothing', () => {
    const terminal = captureTerminal({ live: true });
    const view = openRunView(terminal, false);
    view.update(capture());
    view.note('no answer');
    view.close();
    expect(terminal.out).toEqual([]);
    expect(terminal.frames[0]?.[0]).toBe('Capture lab-07 as web');
    expect(terminal.frames.at(-1)?.at(-1)).toBe('no answer');
  });

  it('prints lines elsewhere, and nothing where a program reads', () => {
    for (const silent of [false, true]) {
      const terminal = captureTerminal();
      openRunView(terminal, silent).update(capture());
      expect(terminal.out.length > 0).toBe(!silent);
    }
  });
});
