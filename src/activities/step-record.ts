import type { Context } from '@temporalio/activity';
import type { Catalog } from '../catalog/catalog.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { Evidence, Json } from '../domain/plan.ts';
import type { StepRecord } from '../domain/run.ts';
import type { StepInput } from '../domain/step-input.ts';

/** The activity that a step's record is written for. */
export interface Recorder {
  readonly catalog: Catalog;
  readonly context: Context;
  /** Absent for an activity that belongs to no step. */
  readonly input: StepInput | undefined;
}

/** Writes how the step stands; nothing for an activity that belongs to no step. */
export async function recordStep(
  { catalog, context, input }: Recorder,
  state: StepRecord['state'],
  found: { readonly evidence?: Evidence | undefined; readonly error?: string } = {},
): Promise<void> {
  if (input === undefined) return;
  const { evidence, error } = found;
  const recording = catalog.runs.recordStep(input.run, {
    number: input.step.number,
    title: input.step.title,
    state,
    attempt: context.info.attempt,
    ...(evidence === undefined ? {} : { evidence }),
    ...(error === undefined ? {} : { error }),
  });
  // A workflow that was started without the client is registered by its first step, which comes after this.
  await recording.catch((failure: unknown) => {
    if (!(failure instanceof NotFoundError)) throw failure;
  });
}

/** The step that an activity's argument names, if it is one of a step. */
export function stepOf(argument: unknown): StepInput | undefined {
  const candidate = argument as Partial<StepInput> | undefined;
  return candidate?.step === undefined || candidate.run === undefined ? undefined : (candidate as StepInput);
}

/** Evidence is an object by its contract; a list, such as a plan, becomes one. */
export function evidenceOf(result: unknown): Evidence | undefined {
  if (Array.isArray(result)) return { list: result as Json[] };
  return typeof result === 'object' && result !== null ? (result as Evidence) : undefined;
}
