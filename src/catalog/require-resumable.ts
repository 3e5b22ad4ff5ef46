import { ConflictError, InvalidInputError } from '../domain/errors.ts';
import { touchedNode } from '../domain/ended-steps.ts';
import { nameOfRevision, referenceOf } from '../domain/image.ts';
import type { Resumes } from '../domain/inputs.ts';
import type { JsonObject } from '../domain/plan.ts';
import type { RunRecord } from '../domain/run.ts';
import type { Catalog } from './catalog.ts';

/** More runs of one node than anybody starts before it is looked at. */
const manyRuns = 1_000;

/** What is asked for, by which run; without one, by nobody yet. */
export interface ResumptionRequest {
  readonly resumes: Resumes;
  readonly node: string;
  readonly image: string;
  readonly asking?: string;
}

/**
 * Refuses to take up what is no capture, what published its revision, and what others have worked on since: their work would be captured under
 * that run's name. NotFoundError, InvalidInputError, or a ConflictError that names the command to use instead. Reads the catalog only; whether
 * the run is over is for the caller to know.
 */
export async function requireResumable(catalog: Catalog, request: ResumptionRequest): Promise<RunRecord> {
  const record = await catalog.runs.get(request.resumes.run);
  requireSameCapture(record, request);
  await refusePublished(catalog, record);
  await refuseUnknownStep(catalog, request.resumes);
  await refuseWorkedOn(catalog, record, request.asking);
  return record;
}

function requireSameCapture({ id, procedure, node, input }: RunRecord, request: ResumptionRequest): void {
  if (procedure !== 'captureImage') {
    const again = procedure === 'loadNode' ? `; load it again: imprint load ${node} ${imageIn(input)}` : '';
    throw new InvalidInputError(`run ${id} is no capture: it leaves nothing to take up${again}`);
  }
  if (node === request.node && input['image'] === request.image) return;
  throw new InvalidInputError(`run ${id} captured ${node} as ${imageIn(input)}: only that is taken up from it`);
}

async function refusePublished(catalog: Catalog, { id, node }: RunRecord): Promise<void> {
  const revision = await catalog.revisions.findByOwner(id);
  if (revision === undefined || revision.state === 'capturing') return;
  throw new ConflictError(
    `run ${id} has published ${nameOfRevision(revision)}: nothing is left to capture; to load it: imprint load ${node} ${referenceOf(revision)}`,
  );
}

async function refuseUnknownStep(catalog: Catalog, { run, from }: Resumes): Promise<void> {
  if (from === undefined) return;
  const numbers = (await catalog.runs.steps(run)).map(({ number }) => number);
  if (numbers.includes(from)) return;
  throw new InvalidInputError(`run ${run} did not reach step ${from}; its steps: ${numbers.join(', ') || 'none'}`);
}

async function refuseWorkedOn(catalog: Catalog, earlier: RunRecord, asking: string | undefined): Promise<void> {
  const runs = await catalog.runs.list({ node: earlier.node, limit: manyRuns });
  for (const record of runs.filter(({ id, created }) => id !== asking && created > earlier.created)) {
    if (!touchedNode({ record, steps: await catalog.runs.steps(record.id) })) continue;
    throw workedOn(earlier, record);
  }
}

function workedOn(earlier: RunRecord, { id, input }: RunRecord): ConflictError {
  const { run } = (input['resumes'] ?? {}) as Partial<Resumes>;
  const instead =
    run === earlier.id
      ? `take that one up: imprint runs replay ${id}`
      : `to capture what it holds now: imprint capture ${earlier.node} --image ${imageIn(earlier.input)}`;
  return new ConflictError(`run ${id} has worked on ${earlier.node} since run ${earlier.id}; ${instead}`, {
    evidence: { run: id },
  });
}

/** The image that a capture or a load was asked for. */
export function imageIn(input: JsonObject): string {
  return typeof input['image'] === 'string' ? input['image'] : '';
}
