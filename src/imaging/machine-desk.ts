import { posix } from 'node:path';
import { CapacityError, CommandFailedError, ImprintError, IntegrityError, errorChain } from '../domain/errors.ts';
import { createCaptureWork } from './capture-work.ts';
import { readIfThere } from './durable-file.ts';
import { createLoadWork } from './load-work.ts';
import type { MachineWork } from './machine-work.ts';
import type { PlacedOrder } from './order-directory.ts';
import { StaleRequestError } from './stale-request.ts';
import type { StateKeeper } from './state-keeper.ts';

/** Where the sessions of machines find their work. */
export interface MachineDesk {
  /** The work of an order; begun anew for a new session and for a new epoch, which then first hears again what the machine has. */
  workOf(placed: PlacedOrder): Promise<MachineWork>;
  /** The order cannot be carried out: its machine powers off, whoever asks how far it is hears why. */
  fail(placed: PlacedOrder, error: unknown): Promise<void>;
  close(): Promise<void>;
}

interface Begun {
  readonly key: string;
  readonly work: MachineWork;
}

export function createMachineDesk(keeper: StateKeeper): MachineDesk {
  const begun = new Map<string, Promise<Begun>>();

  const begin = async (placed: PlacedOrder, before: Promise<Begun> | undefined): Promise<Begun> => {
    const { session } = await keeper.read(placed);
    const key = [session?.hash, placed.order.epoch, placed.attempt].join(' ');
    const existing = await before?.catch(() => undefined);
    if (existing?.key === key) return existing;
    await existing?.work.close();
    const { work } = placed.order;
    return {
      key,
      work: work.kind === 'capture' ? createCaptureWork(placed, work, keeper) : createLoadWork(placed, work, keeper),
    };
  };

  const drop = async (directory: string): Promise<void> => {
    const work = begun.get(directory);
    begun.delete(directory);
    await work?.then(async (one) => await one.work.close()).catch(() => undefined);
  };

  /** A machine that was powered off never hears that its order was withdrawn; its files must not stay open for that. */
  const dropGone = async (): Promise<void> => {
    for (const directory of begun.keys())
      if ((await readIfThere(posix.join(directory, 'order.json'))) === undefined) await drop(directory);
  };

  return {
    workOf: async (placed) => {
      await dropGone();
      const mine = begin(placed, begun.get(placed.directory));
      begun.set(placed.directory, mine);
      return (await mine).work;
    },
    fail: async (placed, error) => {
      await keeper.update(placed, (state) => ({ ...state, phase: 'failed', words: errorChain(error) }));
      await drop(placed.directory);
    },
    close: async () => {
      for (const directory of begun.keys()) await drop(directory);
    },
  };
}

/** Whether the order itself is at fault: doing the same again, on the same machine, would end the same. */
export function endsOrder(error: unknown): boolean {
  if (!(error instanceof ImprintError) || error instanceof StaleRequestError) return false;
  return !error.retryable || error instanceof CommandFailedError;
}

/** The same for a chunk: one that was not asked for is a stale request. Of a full library somebody must hear; what was copied stays for the retry. */
export function chunkEndsOrder(error: unknown): boolean {
  return error instanceof IntegrityError || error instanceof CapacityError;
}

/** A machine in the middle of its chunks asks what to do, and hears that it is to power off. */
export function refuseStopped({ stopped, order }: PlacedOrder): void {
  if (stopped === undefined) return;
  throw new StaleRequestError(`answer the machine of ${order.node}: its order was stopped: ${stopped}`);
}

/** Refuses a write in the name of an attempt that was superseded. */
export function refuseEpoch(placed: PlacedOrder, epoch: number): void {
  if (placed.order.epoch === epoch) return;
  const now = `the order has epoch ${String(placed.order.epoch)}`;
  throw new StaleRequestError(`take a write of epoch ${String(epoch)}: ${now}`);
}
