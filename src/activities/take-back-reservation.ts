import { z } from 'zod';
import { begun, type EndedRun } from '../domain/ended-steps.ts';
import type { Fence } from '../domain/fence.ts';
import type { NodeReservation } from '../domain/node-reservation.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { changeAccess } from './user-access.ts';

const reservationSchema: z.ZodType<NodeReservation> = z.object({
  run: z.string(),
  user: z.string(),
  from: z.string(),
  by: z.string(),
  until: z.string().exactOptional(),
});

/** What the claim of a reservation answered, and its first step recorded. */
const claimed = z.object({ reservation: reservationSchema, before: reservationSchema.optional() });

/** Lets a user out whom a run was about to let in, or puts back what was before; the node is then as the run had found it. */
export async function takeBackReservation(
  deps: ActivityDependencies,
  ended: EndedRun,
  fence: Fence,
): Promise<string[]> {
  if (ended.record?.procedure !== 'reserveNode' || !begun(ended, '3')) return [];
  const { reservation, before } = claimed.parse(ended.steps.find(({ number }) => number === '1')?.evidence);
  if (begun(ended, '4')) {
    const change =
      before === undefined ? ({ reservation, verb: 'close' } as const) : { reservation: before, verb: 'open' as const };
    await changeAccess(deps, fence.node, change);
  }
  await deps.catalog.nodeReservations.record(fence, before);
  return [
    before === undefined ? `${reservation.user} is let out` : `${before.user} is let in from ${before.from} again`,
  ];
}
