import { z } from 'zod';
import type { Json } from '../../domain/plan.ts';
import { payloadsSchema, valueOf } from './payload.ts';

/** What something failed with, as a history holds it. */
export interface HistoryFailure {
  /** Class of the error at the bottom of Temporal's wrapping: `ConflictError`. Absent for a time-out. */
  readonly type?: string;
  /** The messages below Temporal's own wrapping, outermost first, joined by `: `. */
  readonly message: string;
  readonly evidence?: Json;
}

interface RawFailure {
  readonly message?: string | undefined;
  readonly cause?: RawFailure | undefined;
  readonly applicationFailureInfo?: { readonly type?: string | undefined; readonly details?: unknown } | undefined;
  readonly activityFailureInfo?: unknown;
  readonly childWorkflowExecutionFailureInfo?: unknown;
}

export const failureSchema: z.ZodType<RawFailure> = z.looseObject({
  message: z.string().optional(),
  get cause() {
    return failureSchema.optional();
  },
  applicationFailureInfo: z.looseObject({ type: z.string().optional() }).optional(),
});

export function readFailure(failure: RawFailure): HistoryFailure {
  const chain = chainOf(failure);
  const wrapped = chain.filter((one) => one.activityFailureInfo ?? one.childWorkflowExecutionFailureInfo);
  const own = chain.filter((one) => !wrapped.includes(one));
  const application = chain.find((one) => one.applicationFailureInfo !== undefined)?.applicationFailureInfo;
  const message = [...new Set(own.map((one) => one.message ?? ''))].filter((text) => text !== '').join(': ');
  const evidence = evidenceOf(application?.details);
  return {
    ...(application?.type === undefined ? {} : { type: application.type }),
    message: message === '' ? (failure.message ?? 'failed') : message,
    ...(evidence === undefined ? {} : { evidence }),
  };
}

function chainOf(failure: RawFailure): readonly RawFailure[] {
  return failure.cause === undefined ? [failure] : [failure, ...chainOf(failure.cause)];
}

function evidenceOf(details: unknown): Json | undefined {
  const parsed = payloadsSchema.safeParse(details);
  const value = parsed.success ? valueOf(parsed.data.payloads[0]) : undefined;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty ? undefined : value;
}
