import type { Progress } from '../domain/call-context.ts';
import { progressWords } from './run-words.ts';
import type { Terminal } from './terminal.ts';

/** One piece of work that this process does itself. */
export interface ProgressLine {
  update(progress: Progress): void;
  close(): void;
}

const plainEveryMs = 10_000;

/** A line that changes in place at a terminal; elsewhere one when something else begins, and one every ten seconds. */
export function openProgressLine(terminal: Terminal, silent: boolean): ProgressLine {
  if (silent) return { update: () => undefined, close: () => undefined };
  let what: string | undefined;
  let begun = Date.now();
  let toldAt = 0;
  const update = (progress: Progress): void => {
    if (progress.what !== what) [what, begun, toldAt] = [progress.what, Date.now(), 0];
    const line = [progress.what, ...progressWords(progress, Date.now() - begun)].join('  ');
    if (terminal.live) terminal.show([line]);
    else if (Date.now() - toldAt >= plainEveryMs) {
      toldAt = Date.now();
      terminal.print(line);
    }
  };
  return { update, close: () => (terminal.live && what !== undefined ? terminal.settle() : undefined) };
}
