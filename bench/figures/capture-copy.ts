import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { nameOfRevision } from '../../src/domain/image.ts';
import { convertArguments } from '../../src/remote/qemu-img.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { median, rounded } from '../statistics.ts';
import { dropCaches } from '../support/drop-caches.ts';
import { createOfflineMachine, type OfflineMachine } from '../support/offline-machine.ts';

/** A capture's copy against the same commands typed by hand. */
export const captureCopy: Benchmark = {
  name: 'capture-copy',
  about:
    'a capture of 4 GiB of data, from the start of the copy until it is published, against the same commands by hand',
  needs: ['vm', 'sealCheck'],
  async measure(stage) {
    const machine = await createOfflineMachine(stage, sized(stage, 4096, 64));
    try {
      const worker = await machine.imprint.startWorker();
      const pairs = await measurePairs(stage, machine);
      await worker.kill();
      return [figureOf(pairs)];
    } finally {
      await machine.stop();
    }
  },
};

interface Pair {
  readonly captured: Captured;
  readonly byHand: number;
}

/** Seconds: the whole, and each step of it. */
interface Captured {
  readonly whole: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** Each way comes first as often as the other, as far as an odd number allows. */
async function measurePairs(stage: Stage, machine: OfflineMachine): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 1; round <= sized(stage, 5, 1); round += 1) {
    const handFirst = round % 2 === 0;
    const before = handFirst ? await byHand(stage, machine) : undefined;
    const captured = await capture(machine);
    const hand = before ?? (await byHand(stage, machine));
    stage.say(`pair ${String(round)}: captured in ${captured.whole.toFixed(1)} s, by hand in ${hand.toFixed(1)} s`);
    pairs.push({ captured, byHand: hand });
  }
  return pairs;
}

/** From the beginning of the step that copies to the end of the one that makes the revision available. */
async function capture({ imprint, node, operatingSystem }: OfflineMachine): Promise<Captured> {
  await dropCaches();
  const image = imprint.fresh('bench');
  const run = await imprint.client.startCapture({ node, image, operatingSystem });
  const { revision } = await run.result();
  const steps = await imprint.catalog.runs.steps(run.id);
  const copy = steps.findIndex(({ title }) => title.startsWith('Copy '));
  const available = steps.findIndex(({ number }) => number === '7.2');
  const counted = steps.slice(copy, available + 1);
  const begin = Date.parse(counted[0]?.startedAt ?? '');
  const end = Date.parse(counted.at(-1)?.endedAt ?? '');
  await rm(join(imprint.library, nameOfRevision({ image, revision })), { recursive: true });
  return {
    whole: (end - begin) / 1000,
    steps: Object.fromEntries(
      counted.map(({ title, startedAt, endedAt = '' }) => [
        title,
        (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
      ]),
    ),
  };
}

/** What an administrator types: copy, write out, hash, and move to its place. Seconds. */
async function byHand(stage: Stage, { disk }: OfflineMachine): Promise<number> {
  const staging = join(stage.directory, 'by-hand', 'staging');
  const target = join(staging, 'disk.qcow2');
  const published = join(stage.directory, 'by-hand', 'published');
  await mkdir(staging, { recursive: true });
  await dropCaches();
  const started = performance.now();
  await execa('qemu-img', convertArguments({ path: disk, format: 'qcow2' }, target, undefined));
  await execa('sync', ['--', target, staging]);
  await execa('openssl', ['dgst', '-sha256', '-r', target]);
  await rename(staging, published);
  await execa('sync', ['--', dirname(published)]);
  const seconds = (performance.now() - started) / 1000;
  await rm(published, { recursive: true });
  return seconds;
}

function figureOf(pairs: readonly Pair[]): Figure {
  const captured = pairs.map((pair) => pair.captured.whole);
  const hand = pairs.map((pair) => pair.byHand);
  const ratios = pairs.map((pair) => rounded(pair.captured.whole / pair.byHand));
  const names = Object.keys(pairs[0]?.captured.steps ?? {});
  const steps = names.map((name) => [`seconds of: ${name}`, pairs.map((pair) => pair.captured.steps[name] ?? 0)]);
  return {
    id: 'capture-copy',
    title: 'A capture of 4 GiB, from the start of the copy to published, against the same commands by hand',
    bar: { kind: 'at most', limit: 1.05 },
    unit: 'times',
    value: rounded(median(captured) / median(hand)),
    comparison: { what: 'by hand', value: 1, measured: 'same run' },
    samples: {
      'seconds of the capture': captured,
      'seconds by hand': hand,
      'ratio of each pair': ratios,
      ...(Object.fromEntries(steps) as Record<string, number[]>),
    },
    how: 'A libvirt domain that is off, half of its data noise, half repeating; qcow2, not compressed, sha256 by OpenSSL, written out to the disk on both sides, caches dropped before each, alternating. The capture also checks the structure of the copy and that its file system is clean, which nobody does by hand. Medians.',
  };
}
