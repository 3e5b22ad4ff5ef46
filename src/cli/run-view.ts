import type { RunProgress } from '../client.ts';
import { createPlainTeller } from './plain-run.ts';
import { renderRun } from './render-run.ts';
import { paint } from './style.ts';
import type { Terminal } from './terminal.ts';

/** How a run, or many, are shown while they go on. */
export interface View<Progress> {
  update(progress: Progress): void;
  /** Something about the watching itself, such as a lost connection. */
  note(text: string): void;
  close(): void;
}

/** What is shown at a moment (ms): as a frame of at most `width` columns, and as lines that tell what is new. */
export interface Picture<Progress> {
  render(progress: Progress, now: number, width: number): readonly string[];
  createTeller(): (progress: Progress, now: number) => readonly string[];
}

export type RunView = View<RunProgress>;

/** Often enough for durations and the spinner to be seen moving. */
const redrawMs = 200;

/** A list that changes in place at a terminal, plain lines elsewhere, nothing where a program reads. */
export function openRunView(terminal: Terminal, silent: boolean): RunView {
  return openView(terminal, silent, { render: renderRun, createTeller: createPlainTeller });
}

export function openView<Progress>(terminal: Terminal, silent: boolean, picture: Picture<Progress>): View<Progress> {
  if (silent) return { update: () => undefined, note: () => undefined, close: () => undefined };
  return terminal.live ? liveView(terminal, picture) : plainView(terminal, picture);
}

function liveView<Progress>(terminal: Terminal, { render }: Picture<Progress>): View<Progress> {
  let latest: Progress | undefined;
  let remark: string | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const lines = render(latest, Date.now(), terminal.width());
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

function plainView<Progress>(terminal: Terminal, { createTeller }: Picture<Progress>): View<Progress> {
  const tell = createTeller();
  return {
    update: (progress) => {
      for (const line of tell(progress, Date.now())) terminal.print(line);
    },
    note: (text) => terminal.complain(text),
    close: () => undefined,
  };
}
