import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { ConflictError } from '../domain/errors.ts';
import { readIfThere, replaceFile } from './durable-file.ts';
import { parseOrder, type ImagingOrder } from './order.ts';
import { readState, type OrderState } from './order-state.ts';

/** Names an order: a run has at most one for each step of its plan. */
export interface OrderName {
  readonly run: string;
  readonly step: string;
}

/**
 * An order as it lies in its directory. `attempt` rises when an order that has failed or was stopped is placed again: what machines did before is void
 * then. `stopped`: why its machine gets no more work; it still names the machine, which is therefore not let go to its disk.
 */
export interface PlacedOrder {
  readonly directory: string;
  readonly attempt: number;
  readonly order: ImagingOrder;
  readonly stopped?: string;
}

/** Orders lie in `.imaging/orders` of the management node's library: they survive its worker, and no other run's files are among them. */
export function ordersRoot(library: string): string {
  return posix.join(library, '.imaging', 'orders');
}

function directoryOf(library: string, { run, step }: OrderName): string {
  const name = createHash('sha256')
    .update(JSON.stringify([run, step]))
    .digest('hex')
    .slice(0, 32);
  return posix.join(ordersRoot(library), name);
}

/**
 * Opens an order for machines. Placed again by the same run for the same step it stays the same order, with what was done already; a higher epoch takes it
 * over, and one that had failed or was stopped is open again. ConflictError for a lower epoch, and when another open order names one of its cards.
 */
export async function placeOrder(library: string, value: ImagingOrder): Promise<void> {
  const order = parseOrder(value);
  const directory = directoryOf(library, order);
  const before = await readPlaced(directory);
  if (before !== undefined && before.order.epoch > order.epoch)
    throw new ConflictError(
      `place the imaging order of ${order.step}: a later attempt of run ${order.run} has taken over`,
    );
  await refuseOtherOrders(library, order, directory);
  const state = before === undefined ? undefined : await readState(before);
  const attempt =
    before === undefined ? 1 : before.attempt + (state?.phase === 'failed' || state?.phase === 'stopped' ? 1 : 0);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(posix.join(directory, 'order.json'), JSON.stringify({ attempt, order }));
}

async function refuseOtherOrders(library: string, order: ImagingOrder, directory: string): Promise<void> {
  for (const other of await listOrders(library)) {
    if (other.directory === directory) continue;
    const shared = other.order.macAddresses.find((mac) => order.macAddresses.includes(mac));
    if (shared === undefined) continue;
    const [doing, why] = [
      `place the imaging order of ${order.node}`,
      `is named by an open order of run ${other.order.run}`,
    ];
    throw new ConflictError(`${doing}: the network card ${shared} ${why}`);
  }
}

/** The order of this name; undefined when there is none, or when it was withdrawn. */
export async function readOrder(library: string, name: OrderName): Promise<PlacedOrder | undefined> {
  return await readPlaced(directoryOf(library, name));
}

/** An order as one attempt of its run names it. */
export type OrderOfAttempt = OrderName & { readonly epoch: number };

/**
 * Ends the work of an order, and keeps the order: whatever its machine does meanwhile, it is told to power off and does not boot its disk. Of nothing, or
 * stopped already: success. A lower epoch than the order's is a ConflictError.
 */
export async function stopOrder(library: string, name: OrderOfAttempt, words: string): Promise<void> {
  const placed = await readPlaced(directoryOf(library, name));
  if (placed === undefined) return;
  refuseSuperseded('stop', name, placed);
  if (placed.stopped !== undefined) return;
  const { directory, attempt, order } = placed;
  await replaceFile(posix.join(directory, 'order.json'), JSON.stringify({ attempt, order, stopped: words }));
}

/**
 * Removes an order. Its machine gets no more work and powers off; should it boot over the network after that, it is sent to its disk: cut its power first.
 * Of nothing: success. A lower epoch than the order's is a ConflictError.
 */
export async function withdrawOrder(library: string, name: OrderOfAttempt): Promise<void> {
  const directory = directoryOf(library, name);
  const placed = await readPlaced(directory);
  if (placed !== undefined) refuseSuperseded('withdraw', name, placed);
  const gone = `${directory}.withdrawn`;
  await rename(directory, gone).catch(ignoreMissing);
  await rm(gone, { recursive: true, force: true });
}

function refuseSuperseded(doing: string, name: OrderOfAttempt, { order }: PlacedOrder): void {
  if (order.epoch <= name.epoch) return;
  throw new ConflictError(
    `${doing} the imaging order of ${name.step}: a later attempt of run ${name.run} has taken over`,
  );
}

/** All open orders. */
export async function listOrders(library: string): Promise<readonly PlacedOrder[]> {
  const root = ordersRoot(library);
  const names = await readdir(root).catch((error: unknown) => {
    ignoreMissing(error);
    return [];
  });
  const own = names.filter((name) => /^[0-9a-f]{32}$/.test(name));
  const orders = await Promise.all(own.map(async (name) => await readPlaced(posix.join(root, name))));
  return orders.filter((order) => order !== undefined);
}

/** The open order that names this network card. */
export async function orderOfCard(library: string, mac: string): Promise<PlacedOrder | undefined> {
  return (await listOrders(library)).find(({ order }) => order.macAddresses.includes(mac));
}

/** Which other run has an order for one of these cards; undefined when none has. */
export async function otherRunOf(
  library: string,
  macAddresses: readonly string[],
  run: string,
): Promise<string | undefined> {
  const others = (await listOrders(library)).filter(({ order }) => order.run !== run);
  return others.find(({ order }) => order.macAddresses.some((mac) => macAddresses.includes(mac)))?.order.run;
}

/** What an order looks like from the outside. Bytes are those of the disks that are read or written. */
export interface ImagingProgress {
  readonly state: OrderState['phase'];
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** What is being done, or why it failed: for people. */
  readonly words: string;
  readonly report?: OrderState['report'];
  /** When a machine was last heard of, milliseconds since 1970; 0 when none was. */
  readonly at: number;
}

/** How far the machine is; undefined when there is no such order. */
export async function readProgress(library: string, name: OrderName): Promise<ImagingProgress | undefined> {
  const placed = await readOrder(library, name);
  if (placed === undefined) return undefined;
  const { phase, bytesDone, bytesTotal, words, report, at } = await readState(placed);
  return { state: phase, bytesDone, bytesTotal, words, at, ...(report === undefined ? {} : { report }) };
}

async function readPlaced(directory: string): Promise<PlacedOrder | undefined> {
  const text = await readIfThere(posix.join(directory, 'order.json'));
  if (text === undefined) return undefined;
  const { attempt, order, stopped } = JSON.parse(text) as { attempt: number; order: unknown; stopped?: string };
  return { directory, attempt, order: parseOrder(order), ...(stopped === undefined ? {} : { stopped }) };
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
