import type { CallContext, Progress } from '../domain/call-context.ts';

/** Half of the shortest interval within which a caller expects to hear from long work. */
const EVERY_MS = 3_000;

/** Says the same progress every few seconds while one command runs that prints none. */
export async function keepAlive<Result>(
  context: CallContext,
  progress: Progress,
  work: Promise<Result>,
): Promise<Result> {
  context.progress(progress);
  const timer = setInterval(() => context.progress(progress), EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
