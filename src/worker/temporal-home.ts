import type { TemporalHomes, TemporalNamespace } from '../catalog/temporal-home.ts';
import { ConflictError, UnavailableError } from '../domain/errors.ts';
import type { TemporalPlace } from './temporal-place.ts';

/**
 * Says in the catalog which namespace its runs belong to, unless it is said already. `moveTo` is an operator's word that the recorded one is gone
 * for good, and this one takes its place; it counts only where it is the id of the namespace in which this worker works.
 */
export async function settleHome(place: TemporalPlace, homes: TemporalHomes, moveTo?: string): Promise<void> {
  const here = await readNamespace(place);
  await (here.id === moveTo ? homes.move(here) : homes.settle(here));
}

/**
 * A run that Temporal does not know is over only where it would be known. ConflictError in a namespace that is not the one of the catalog's runs:
 * every run is unknown there, those that go on too. Asked afresh each time: another server may answer at the same address meanwhile.
 */
export async function requireHome(place: TemporalPlace, homes: TemporalHomes, run: string): Promise<void> {
  const [here, home] = [await readNamespace(place), await homes.find()];
  if (home?.id === here.id) return;
  const of =
    home === undefined ? 'no worker has recorded which namespace it belongs to' : `it belongs to ${nameOf(home)}`;
  throw new ConflictError(
    `cannot tell whether run ${run} is over: ${nameOf(here)} does not know it, and ${of}. Look at TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE; where that other namespace is gone for good, start the worker once with IMPRINT_NAMESPACE_ID=${here.id}`,
    { evidence: { run, here: here.id, home: home?.id ?? 'none' } },
  );
}

async function readNamespace({ connection, namespace }: TemporalPlace): Promise<TemporalNamespace> {
  try {
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
    return { id: namespaceInfo?.id ?? '', name: namespace };
  } catch (cause) {
    throw new UnavailableError(`ask Temporal which namespace ${namespace} is`, { cause });
  }
}

function nameOf({ id, name }: TemporalNamespace): string {
  return `Temporal's namespace ${name} (${id})`;
}
