import { readFile } from 'node:fs/promises';
import type { Computer } from '../../src/domain/computer.ts';
import { openChunkFile } from '../../src/library/chunks/chunk-file.ts';
import type { ComputerPower } from '../../src/power/power-module.ts';
import type { ImagingOrder } from '../../src/provisioners/baremetal/imaging.ts';
import type { BaremetalFixture } from './baremetal-fixture.ts';
import { chunkOf, encodeLayout, layoutOf } from './chunk-disk.ts';
import { FakeImaging } from './fake-imaging.ts';

/** What a machine would boot from its disk. Neither `sealed` nor `half written` may ever be booted. */
type OnDisk = 'outgoing' | 'sealed' | 'half written' | 'loaded';

/**
 * A machine that knows what it has booted from its disk. Its environment stops in the middle of its work until that is let go on, and does no more once
 * the power is cut.
 */
export class ImagedMachine {
  readonly imaging: FakeImaging;
  /** What was on the disk each time that the machine booted from it. */
  readonly booted: OnDisk[] = [];
  /** Orders, each time that the environment began one. */
  readonly begun: string[] = [];
  /** Whether it does what it is asked by its power button. */
  hearsButton = true;
  onDisk: OnDisk;
  readonly #computer: Computer;
  readonly #machines: BaremetalFixture['machines'];
  #work: Promise<Ending> | undefined;
  #mayEnd = false;
  #endWork: (how: Ending) => void = () => undefined;

  constructor({ machines }: Pick<BaremetalFixture, 'machines'>, computer: Computer, onDisk: OnDisk) {
    this.#machines = machines;
    this.#computer = computer;
    this.onDisk = onDisk;
    this.imaging = new FakeImaging(machines, { faults: [], carryOut: async (order) => await this.#carryOut(order) });
    machines.onNetworkBoot((node) => this.#bootFromNetwork(node));
  }

  get power(): ComputerPower {
    const { power } = this.#machines;
    return {
      ...power,
      askOff: async (computer, context) => {
        if (this.hearsButton) await power.askOff(computer, context);
      },
      on: async (computer, context) => {
        this.#noteBoot(this.#machines.get(computer.name).power === 'off');
        await power.on(computer, context);
      },
      reset: async (computer, context) => {
        await this.cutWork();
        this.#noteBoot(true);
        await power.reset(computer, context);
      },
      forceOff: async (computer, context) => {
        await power.forceOff(computer, context);
        await this.cutWork();
      },
    };
  }

  found(): object {
    const { name } = this.#computer;
    return { ...this.#machines.get(name), orders: this.imaging.openOrders(name) };
  }

  set(power: 'on' | 'off'): void {
    this.#machines.set(this.#computer.name, power);
  }

  letWorkGoOn(): void {
    this.#mayEnd = true;
    this.#endWork('done');
  }

  /** Returns once nothing writes any more. */
  async cutWork(): Promise<void> {
    this.#endWork('cut');
    await this.#work?.catch(() => undefined);
  }

  /** As a watchdog would start it anew, or somebody with a finger on its button; one that is off stays off. */
  async restart(): Promise<void> {
    if (this.#machines.get(this.#computer.name).power === 'off') return;
    await this.power.reset(this.#computer, { signal: new AbortController().signal, progress: () => undefined });
  }

  #noteBoot(boots: boolean): void {
    const { bootTarget } = this.#machines.get(this.#computer.name);
    if (boots && bootTarget === 'disk') this.booted.push(this.onDisk);
  }

  #bootFromNetwork(node: string): void {
    const before = this.imaging.letGo.length;
    this.imaging.machineAsks(node);
    if (this.imaging.letGo.length > before) this.booted.push(this.onDisk);
  }

  /** A machine without power says nothing of its work any more. */
  async #carryOut({ step, work }: ImagingOrder): Promise<void> {
    this.begun.push(step);
    const ended = new Promise<Ending>((resolve) => {
      this.#endWork = resolve;
    });
    if (this.#mayEnd) this.#endWork('done');
    const { file } = work.disks[0]!;
    this.#work = work.kind === 'capture' ? sendDisk(file, ended) : this.#writeDisk(file, ended);
    if ((await this.#work) === 'cut') await new Promise(() => undefined);
  }

  async #writeDisk(file: string, ended: Promise<Ending>): Promise<Ending> {
    this.onDisk = 'half written';
    const how = await ended;
    if (how === 'cut') return how;
    await readFile(file);
    this.onDisk = 'loaded';
    return how;
  }
}

type Ending = 'done' | 'cut';

const CHUNK = 65_536;
const chunks = [0, CHUNK].map((at) => chunkOf([at, CHUNK], [[at, Buffer.alloc(4096, at + 1)]]));

async function sendDisk(path: string, ended: Promise<Ending>): Promise<Ending> {
  const file = await openChunkFile(path);
  try {
    await file.begin(encodeLayout(layoutOf(chunks.length, CHUNK)));
    await file.append(chunks[0]!);
    const how = await ended;
    if (how === 'done') await file.append(chunks[1]!);
    return how;
  } finally {
    await file.close();
  }
}
