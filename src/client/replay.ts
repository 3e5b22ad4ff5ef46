import type { Client } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import { imageIn, requireResumable } from '../catalog/require-resumable.ts';
import { ConflictError } from '../domain/errors.ts';
import { parseCaptureImageInput, parseResumes, type CaptureImageInput } from '../domain/inputs.ts';
import { isOver } from './is-over.ts';

/** How a capture that is over is taken up again. */
export interface ReplayRequest extends Pick<Partial<CaptureImageInput>, 'onFailure' | 'allowForcedOff'> {
  /** `5.1`: from this step of that run on everything is done again. Default: from the last step that can be proved to be done still. */
  readonly from?: string;
  /** Who asks for it; in the record of the new run. */
  readonly by?: string;
}

/**
 * The input of the capture that takes `run` up: what that one was asked for, but for what the request changes. Before anything is started:
 * NotFoundError for an unknown run or node; InvalidInputError for a run that is no capture, or a step that it did not reach; ConflictError for
 * one that goes on, has published its revision, or whose node others have worked on since.
 */
export async function replayInput(
  client: Client,
  catalog: Catalog,
  run: string,
  { from, by, ...changes }: ReplayRequest,
): Promise<CaptureImageInput> {
  const resumes = parseResumes({ run, ...(from === undefined ? {} : { from }), ...(by === undefined ? {} : { by }) });
  const { node, input } = await catalog.runs.get(run);
  const image = imageIn(input);
  if (!(await isOver(client, run)))
    throw new ConflictError(`run ${run} goes on; if it is held, answer it: imprint runs held`);
  await requireResumable(catalog, { resumes, node, image });
  return parseCaptureImageInput({ ...input, ...changes, resumes });
}
