import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { SystemsCheck } from '../domain/requirement.ts';
import { askWorkers } from './ask-workers.ts';

/** A look takes seconds, and half a minute where a management node does not answer. */
const limit = '1 hour';

/** Has every management node say what its systems need and what it found. UnavailableError when there is no worker at all. */
export async function checkSystems(client: Client, system: string | undefined): Promise<SystemsCheck> {
  return await askWorkers<SystemsCheck>(client, {
    workflow: 'checkSystems',
    workflowId: `checkSystems/${ulid()}`,
    input: system === undefined ? {} : { system },
    limit,
    summary: `Look at what ${system ?? 'every system'} needs`,
  });
}
