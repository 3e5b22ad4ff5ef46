import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, DeadlineError, IntegrityError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import { bootFromNetwork } from './boot-target.ts';
import type { ImagingOrder, ImagingProgress, ImagingReport } from './imaging.ts';
import type { Machine } from './machine.ts';

/** How often a machine that does not ask, or is heard of no more, is started anew by one attempt of the step. */
const MOST_RESTARTS = 2;

/** What is waited for. */
export interface AwaitedImaging {
  readonly order: ImagingOrder;
  /** For people: `Copy the disks of lab-07`. */
  readonly what: string;
  /** Told whatever the machine has reported. */
  reported(report: ImagingReport): Promise<void>;
}

/**
 * Waits until the machine has done its order, and says how far it is. A machine that is not heard of within its settings' `bootSeconds` is started from
 * the network anew, twice at most; then DeadlineError. What has failed is an IntegrityError in the machine's own words, and its order is stopped and
 * kept, so that the machine is not let go to its disk: a later attempt (somebody asked for a retry) places it anew. An attempt that finds it done succeeds at once.
 */
export async function awaitImaging(
  machine: Machine,
  { order, what, reported }: AwaitedImaging,
  context: CallContext,
): Promise<Evidence> {
  await openAgain(machine, order, context);
  let heard = Date.now();
  let restarts = 0;
  for (;;) {
    context.signal.throwIfAborted();
    const progress = await requireOrder(machine, order);
    if (progress.report !== undefined) await reported(progress.report);
    if (progress.state === 'done') return evidenceOf(progress, restarts);
    if (progress.state === 'failed') throw await failed(machine, order, progress);
    tell(what, progress, context);
    heard = Math.max(heard, progress.at);
    if (Date.now() - heard > machine.settings.bootSeconds * 1_000) {
      if (restarts === MOST_RESTARTS) throw silent(machine, progress, restarts);
      restarts += 1;
      await restart(machine, context);
      heard = Date.now();
    }
    await delay(machine.pollMs, undefined, { signal: context.signal });
  }
}

/** After a failure, whose order was stopped. The environment has powered its machine off by then, or waits: it is started anew. */
async function openAgain(machine: Machine, order: ImagingOrder, context: CallContext): Promise<void> {
  const before = await machine.imaging.progress(order);
  if (before !== undefined && before.state !== 'stopped') return;
  await machine.imaging.order(order);
  await restart(machine, context);
}

async function restart(machine: Machine, context: CallContext): Promise<void> {
  await bootFromNetwork(machine, context);
  await machine.power.reset(machine.computer, context);
}

/** ConflictError when the order was stopped or withdrawn: a machine without one would do nothing. */
export async function requireOrder({ imaging, computer }: Machine, order: ImagingOrder): Promise<ImagingProgress> {
  const progress = await imaging.progress(order);
  if (progress === undefined) throw new ConflictError(`image ${computer.name}: the order of this run was withdrawn`);
  if (progress.state !== 'stopped') return progress;
  throw new ConflictError(`image ${computer.name}: the order of this run was stopped: ${progress.words}`);
}

/** What only waits is no measured work: it has a limit of its own, here. */
function tell(what: string, { state, words, bytesDone, bytesTotal }: ImagingProgress, context: CallContext): void {
  if (state !== 'working' || bytesTotal === 0) return context.progress({ what: `${what}: ${words}` });
  context.progress({ what: `${what}: ${words}`, bytesDone, bytesTotal, fraction: bytesDone / bytesTotal });
}

function evidenceOf({ words, bytesDone, report }: ImagingProgress, restarts: number): Evidence {
  return { words, bytes: bytesDone, restarts, notes: [...(report?.notes ?? [])] };
}

/** What has failed is not begun again before somebody asks for it; that may take days, in which nothing lets the machine go to its disk. */
async function failed(
  { imaging, computer }: Machine,
  order: ImagingOrder,
  { words, bytesDone, bytesTotal }: ImagingProgress,
): Promise<IntegrityError> {
  await imaging.stop(order, words);
  return new IntegrityError(`image ${computer.name}: ${words}`, { evidence: { bytesDone, bytesTotal } });
}

function silent({ computer, settings }: Machine, { words, at }: ImagingProgress, restarts: number): DeadlineError {
  const since = at === 0 ? 'it never asked for its work' : `last heard of at ${new Date(at).toISOString()}`;
  return new DeadlineError(
    `image ${computer.name}: nothing was heard of it in ${String(settings.bootSeconds)} s, after ${String(restarts)} restarts: ${since}`,
    { evidence: { words, restarts } },
  );
}
