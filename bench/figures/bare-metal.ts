import { copyFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureEnvironment, type BuiltEnvironment } from '../../src/imaging/environment/build.ts';
import { placeOrder, readProgress, withdrawOrder } from '../../src/imaging/order-directory.ts';
import type { ImagingOrder } from '../../src/imaging/order.ts';
import { startImagingServer, type ImagingServer } from '../../src/imaging/server.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { emulatedKernel } from '../../src/platform/guest/emulated-kernel.ts';
import { makeImagingDisk } from '../../test/support/imaging-disk.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { median, rounded } from '../statistics.ts';
import { byHand, type Way } from '../support/imaging-by-hand.ts';
import { cardOfMachine, hostAddress, MACHINE_MS, startMachine } from '../support/imaging-machine.ts';

/** A machine's disk, read and written by its imaging environment, against partclone and zstd typed by hand. */
export const bareMetal: Benchmark = {
  name: 'bare-metal',
  about:
    'capture and load of a physical disk by the imaging environment, against partclone and zstd by hand over the same link',
  needs: ['imaging'],
  async measure(stage) {
    const environment = await ensureEnvironment(await (await openStateDirectory()).directory('imaging'));
    const library = join(stage.directory, 'library');
    await mkdir(library);
    const server = await serve(library, environment);
    try {
      return await measureBoth(stage, { environment, library, server });
    } finally {
      await server.close();
    }
  },
};

interface Place {
  readonly environment: BuiltEnvironment;
  readonly library: string;
  readonly server: ImagingServer;
}

async function serve(library: string, environment: BuiltEnvironment): Promise<ImagingServer> {
  return await startImagingServer({
    ...{ library, address: hostAddress, listen: '127.0.0.1', httpPort: 0, httpsPort: 0 },
    kernelParameters: emulatedKernel,
    isCardAt: async () => await Promise.resolve(true),
    environment: async () => await Promise.resolve(environment),
    complain: () => undefined,
  });
}

async function measureBoth(stage: Stage, place: Place): Promise<readonly Figure[]> {
  const payloadMebibytes = sized(stage, 128, 16);
  const mebibytes = payloadMebibytes + 192;
  const source = makeImagingDisk(stage.directory, { mebibytes, payloadMebibytes, vfatType: 'U' });
  const target = join(stage.directory, 'target.raw');
  const figures: Figure[] = [];
  for (const way of ['capture', 'load'] as const) {
    const [imaged, hand]: [number[], number[]] = [[], []];
    for (let round = 1; round <= sized(stage, 3, 1); round += 1) {
      await emptyDisk(target, mebibytes);
      imaged.push(await image(stage, place, { way, disk: way === 'capture' ? source : target, round, mebibytes }));
      const disk = way === 'capture' ? source : await partitioned(source, target);
      hand.push(await byHand(stage.directory, { environment: place.environment, disk, way }));
      stage.say(`${way} ${String(round)}: ${String(imaged.at(-1))} s, by hand ${String(hand.at(-1))} s`);
    }
    figures.push(figureOf(way, payloadMebibytes, { imaged, hand }));
  }
  return figures;
}

async function emptyDisk(path: string, mebibytes: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, mebibytes * 1024 ** 2);
}

/** By hand only the file system is restored: the partitions are there already. */
async function partitioned(source: string, target: string): Promise<string> {
  await copyFile(source, target);
  return target;
}

interface Imaged {
  readonly way: Way;
  readonly disk: string;
  readonly round: number;
  readonly mebibytes: number;
}

/** Seconds from the machine's first request until it has said that it is done. */
async function image(stage: Stage, { library, server }: Place, imaged: Imaged): Promise<number> {
  const order = orderOf(library, imaged);
  await placeOrder(library, order);
  const machine = await startMachine(stage.directory, imaged.disk, { from: 'network', httpPort: server.httpPort });
  try {
    const begin = await untilState(library, order, ['booted', 'working']);
    const end = await untilState(library, order, ['done']);
    await machine.off();
    return rounded((end - begin) / 1000);
  } finally {
    machine.kill();
    await withdrawOrder(library, order);
  }
}

async function untilState(library: string, order: ImagingOrder, states: readonly string[]): Promise<number> {
  const deadline = performance.now() + MACHINE_MS;
  while (performance.now() < deadline) {
    const { state = '', words = '' } = (await readProgress(library, order)) ?? {};
    if (states.includes(state)) return performance.now();
    if (state === 'failed') throw new Error(words);
    await delay(50);
  }
  throw new Error(`the machine of ${order.run} was not ${states.join(' or ')} in time`);
}

function orderOf(library: string, { way, round, mebibytes }: Imaged): ImagingOrder {
  const file = join(library, `vda-${way === 'capture' ? String(round) : '1'}.chunks`);
  const disk = { name: 'vda', select: { serial: 'BENCH' }, file };
  const run = `bench/${way}/${String(round)}`;
  const names = { run, epoch: 1, step: way, node: 'bench', macAddresses: [cardOfMachine] };
  if (way === 'capture') return { ...names, work: { kind: 'capture', disks: [disk] } };
  const disks = [{ ...disk, sizeBytes: mebibytes * 1024 ** 2 }];
  return { ...names, work: { kind: 'load', grow: false, hostKeys: false, disks } };
}

function figureOf(way: Way, mebibytes: number, { imaged, hand }: { imaged: number[]; hand: number[] }): Figure {
  return {
    id: `bare-metal-${way}`,
    title: `A ${way} of a physical disk with ${String(mebibytes)} MiB of data by the imaging environment, against partclone and zstd by hand`,
    bar: { kind: 'at most', limit: 1.5 },
    unit: 'times',
    value: rounded(median(imaged) / median(hand)),
    comparison: { what: 'by hand', value: 1, measured: 'same run' },
    samples: { 'seconds of the environment': imaged, 'seconds by hand': hand },
    how: 'An emulated machine of two processors without KVM, QEMU’s own network, the same kernel and programs on both sides, zstd level 3. The environment also reads partition table, gaps and other partitions, takes sha256 of each chunk, sends over TLS, and the management node verifies and writes each chunk out; by hand it is one file system over plain HTTP. Medians.',
  };
}
