import { ConflictError } from '../../src/domain/errors.ts';
import type { Imaging, ImagingOrder, ImagingProgress, OrderName } from '../../src/provisioners/baremetal/imaging.ts';
import type { FakeMachines } from './fake-machines.ts';

/**
 * What goes wrong at the next boot from the network, each once. `never asks`: the machine is on, and nothing is heard of it. `goes silent`: it asks and
 * is not heard of again. Any other text: the environment fails with these words.
 */
export type ImagingFault = 'never asks' | 'goes silent' | (string & {});

interface Placed {
  order: ImagingOrder;
  progress: ImagingProgress;
}

export interface FakeImagingOptions {
  readonly faults: readonly ImagingFault[];
  carryOut(order: ImagingOrder): Promise<void>;
}

/** What an environment finds of its disks. */
export const fakeDiskRecords = [
  { name: 'sda', tableDigest: 'ab', fileSystems: [{ uuid: 'u', type: 'ext4', mountCount: 4 }] },
];

export const fakeHostKeys = ['ssh-ed25519 AAAAfake', 'ecdsa-sha2-nistp256 AAAAfake'];

/** An imaging environment in this process, with the rules of src/imaging: epochs, one open order a card, failed ones opened again. */
export class FakeImaging implements Imaging {
  readonly look = async (): Promise<string> => await Promise.resolve('http://192.0.2.1:8480/boot.ipxe');
  readonly #orders = new Map<string, Placed>();
  readonly #faults: ImagingFault[];
  readonly #machines: FakeMachines;
  readonly #carryOut: FakeImagingOptions['carryOut'];
  /** How often a machine asked for its work. */
  asked = 0;
  /** Machines that booted over the network without an order: they were sent to their disk. */
  readonly letGo: string[] = [];
  /** Every order, as it was placed. */
  readonly ordered: ImagingOrder[] = [];

  constructor(machines: FakeMachines, { faults, carryOut }: FakeImagingOptions) {
    this.#machines = machines;
    this.#faults = [...faults];
    this.#carryOut = carryOut;
  }

  openOrders(node: string): readonly string[] {
    return [...this.#orders.values()].filter(({ order }) => order.node === node).map(({ order }) => order.step);
  }

  problems(): [] {
    return [];
  }

  forget(): void {
    this.#orders.clear();
  }

  async otherRun(macAddresses: readonly string[], run: string): Promise<string | undefined> {
    const others = [...this.#orders.values()].filter(({ order }) => order.run !== run);
    return others.find(({ order }) => order.macAddresses.some((card) => macAddresses.includes(card)))?.order.run;
  }

  async order(order: ImagingOrder): Promise<void> {
    this.ordered.push(order);
    const before = this.#orders.get(keyOf(order));
    if (before !== undefined && before.order.epoch > order.epoch)
      throw new ConflictError(`place the imaging order of ${order.node}: a later attempt has taken over`);
    const others = [...this.#orders.values()].filter((other) => other !== before);
    if (others.some((other) => other.order.macAddresses.some((card) => order.macAddresses.includes(card))))
      throw new ConflictError(`place the imaging order of ${order.node}: another run has an open order`);
    if (before === undefined) return void this.#orders.set(keyOf(order), { order, progress: waiting() });
    before.order = order;
    if (['failed', 'stopped'].includes(before.progress.state)) before.progress = waiting();
  }

  async progress(name: OrderName): Promise<ImagingProgress | undefined> {
    const progress = this.#orders.get(keyOf(name))?.progress;
    return progress?.state === 'working' ? { ...progress, at: Date.now() } : progress;
  }

  async stop(name: OrderName & { readonly epoch: number }, words: string): Promise<void> {
    const before = this.#orders.get(keyOf(name));
    if (before === undefined) return;
    if (before.order.epoch > name.epoch)
      throw new ConflictError(`stop the imaging order: a later attempt has taken over`);
    before.progress = { ...before.progress, state: 'stopped', words };
  }

  async withdraw(name: OrderName & { readonly epoch: number }): Promise<void> {
    const before = this.#orders.get(keyOf(name));
    if (before !== undefined && before.order.epoch > name.epoch)
      throw new ConflictError(`withdraw the imaging order: a later attempt has taken over`);
    this.#orders.delete(keyOf(name));
  }

  /** A machine has booted from the network. */
  machineAsks(node: string): void {
    const fault = this.#faults.shift();
    if (fault === 'never asks') return;
    this.asked += 1;
    const placed = [...this.#orders.values()].find(({ order }) => order.node === node);
    if (placed === undefined) return void this.letGo.push(node);
    if (['stopped', 'failed'].includes(placed.progress.state)) {
      this.#machines.set(node, 'off');
      return;
    }
    placed.progress = { ...placed.progress, state: 'booted', words: 'asks for its work', at: Date.now() };
    if (fault === 'goes silent') return;
    if (fault === undefined) return void this.#work(node, placed);
    const report = { disks: fakeDiskRecords, notes: [] };
    placed.progress = { ...placed.progress, state: 'failed', words: fault, report };
    this.#machines.set(node, 'off');
  }

  async #work(node: string, placed: Placed): Promise<void> {
    placed.progress = { ...placed.progress, state: 'working', words: 'sda', bytesDone: 1, bytesTotal: 2 };
    try {
      await this.#carryOut(placed.order);
    } catch (error) {
      placed.progress = { ...placed.progress, state: 'failed', words: String(error) };
      return;
    }
    const keys = placed.order.work.kind === 'load' ? { hostKeys: fakeHostKeys } : {};
    const report = { disks: fakeDiskRecords, notes: ['swap on sda2 is made anew'], ...keys };
    placed.progress = { state: 'done', words: 'done', bytesDone: 2, bytesTotal: 2, at: Date.now(), report };
    if (this.#orders.get(keyOf(placed.order)) === placed) this.#machines.set(node, 'off');
  }
}

function keyOf({ run, step }: OrderName): string {
  return JSON.stringify([run, step]);
}

function waiting(): ImagingProgress {
  return { state: 'waiting', words: 'waiting for the machine', bytesDone: 0, bytesTotal: 0, at: 0 };
}
