import type { RunProgress } from '../client.ts';
import { createPlainTeller } from './plain-run.ts';
import { renderRun } from './render-run.ts';
import { paint } from './style.ts';
import type { Terminal } from './terminal.ts';

/** How a run is shown while it goes on. */
export interface RunView {
  update(progress: RunProgress): void;
  /** Something about the watching itself, such as a lost connection. */
  note(text: string): void;
  close(): void;
}

/** Often enough for durations and the spinner to be seen moving. */
const redrawMs = 200;

/** A list that changes in place at a terminal, plain lines elsewhere, nothing where a program reads. */
export function openRunView(terminal: Terminal, silent: boolean): RunView {
  if (silent) return { update: () => undefined, note: () => undefined, close: () => undefined };
  return terminal.live ? liveView(terminal) : plainView(terminal);
}

function liveView(terminal: Terminal): RunView {
  let latest: RunProgress | undefined;
  let remark: string | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const lines = renderRun(latest, Date.now(), terminal.width());
    terminal.show(paint(remark === undefined ? lines : [...lines, remark], terminal));
  };
  const timer = setInterval(draw, redrawMs);
  return {
    update: (progress) => {
      [latest, remark] = [progress, undefined];
      draw();
    },
    note: (text) => {
      remark = text;
      draw();
    },
    close: () => {
      clearInterval(timer);
      terminal.settle();
    },
  };
}

function plainView(terminal: Terminal): RunView {
  const tell = createPlainTeller();
  return {
    update: (progress) => {
      for (const line of tell(progress, Date.now())) terminal.print(line);
    },
    note: (text) => terminal.complain(text),
    close: () => undefined,
  };
}
