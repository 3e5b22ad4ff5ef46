import type { Writable } from 'node:stream';
import prettyMilliseconds from 'pretty-ms';
import yoctoSpinner from 'yocto-spinner';

/** What a piece of work may say while it runs. */
export type Say = (detail: string) => void;

/** Tells a person at a terminal, or a log, what is being done and for how long already. */
export interface ProgressReporter {
  line(text: string): void;
  /** Runs `work`; shows `what` and the time it takes as soon as it takes longer than two seconds. */
  during<T>(what: string, work: (say: Say) => Promise<T>): Promise<T>;
}

type Stream = Writable & { readonly isTTY?: boolean };

/** Nothing that ends sooner is worth a line. */
const quietMs = 2_000;
const plainIntervalMs = 10_000;

/** A spinner with the elapsed time at a terminal; plain lines every ten seconds elsewhere. Writes to standard error by default. */
export function createProgressReporter(stream: Stream = process.stderr): ProgressReporter {
  return {
    line: (text) => void stream.write(`${text}\n`),
    during: async (what, work) => await (stream.isTTY === true ? withSpinner : withLines)(stream, what, work),
  };
}

async function withSpinner<T>(stream: Stream, what: string, work: (say: Say) => Promise<T>): Promise<T> {
  const clock = startClock(what);
  const spinner = yoctoSpinner({ text: what, stream });
  const first = setTimeout(() => spinner.start(), quietMs);
  const ticker = setInterval(() => (spinner.text = clock.text()), 1_000);
  try {
    const result = await work(clock.say);
    if (spinner.isSpinning) spinner.success(clock.text());
    return result;
  } catch (error) {
    if (spinner.isSpinning) spinner.error(clock.text());
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(ticker);
  }
}

async function withLines<T>(stream: Stream, what: string, work: (say: Say) => Promise<T>): Promise<T> {
  const clock = startClock(what);
  const write = (text: string): void => void stream.write(`${text}\n`);
  const first = setTimeout(() => write(`${what} …`), quietMs);
  const ticker = setInterval(() => write(`… ${clock.text()}`), plainIntervalMs);
  try {
    const result = await work(clock.say);
    if (clock.elapsedMs() >= quietMs) write(clock.text());
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(ticker);
  }
}

function startClock(what: string): { say: Say; text(): string; elapsedMs(): number } {
  const started = performance.now();
  let detail = '';
  const elapsedMs = (): number => performance.now() - started;
  return {
    say: (text) => (detail = `: ${text}`),
    text: () => `${what}${detail} (${prettyMilliseconds(elapsedMs(), { secondsDecimalDigits: 0 })})`,
    elapsedMs,
  };
}
