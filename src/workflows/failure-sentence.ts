import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import type { RunFailure } from '../domain/ended-run.ts';

/** What failed and why: the messages below Temporal's own wrapping, outermost first. Empty without an error. */
export function sentenceOf(error: unknown): string {
  const parts: string[] = [];
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (!isWrapping(current) && current.message !== parts.at(-1)) parts.push(current.message);
  }
  return parts.join(': ');
}

function isWrapping(error: Error): boolean {
  return error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
}

/** What ended a run, from the cause of what Temporal says of it. */
export function describeFailure(cause: Error | undefined): RunFailure {
  if (cause instanceof CancelledFailure) return { reason: 'Cancelled', message: '' };
  return { reason: applicationFailure(cause)?.type ?? cause?.name ?? 'unknown', message: sentenceOf(cause) };
}

function applicationFailure(error: Error | undefined): ApplicationFailure | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (current instanceof ApplicationFailure) return current;
  }
  return undefined;
}
