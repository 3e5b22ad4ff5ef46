import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentNeeds, hasAgentNeeds, startAgentBench, type AgentBench } from '../../support/agent-bench.ts';
import { keptOn, makeGrowingDisk, readGrown, type GrowingKind } from '../../support/growing-disk.ts';
import { showPartitions } from '../../support/imaging-agent.ts';
import { skipWithout } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const sizes = { btrfs: { from: 160, onto: 260 }, ntfs: { from: 64, onto: 130 } } as const;
const kinds = Object.keys(sizes) as readonly GrowingKind[];

let bench: AgentBench;

beforeAll(async () => {
  if (hasAgentNeeds()) bench = await startAgentBench();
});

afterAll(async () => {
  if (hasAgentNeeds()) await bench.end();
});

beforeEach((context) => skipWithout(context, ...agentNeeds));

const chunks = (kind: GrowingKind): string => join(bench.directory, `${kind}.chunks`);

async function captureAll(mac: string): Promise<void> {
  const names: string[] = [];
  for (const kind of kinds) names.push(bench.attach(await makeGrowingDisk(bench.directory, kind, sizes[kind].from)));
  names.forEach(showPartitions);
  const disks = kinds.map((kind) => {
    return { name: kind, select: { sizeBytes: sizes[kind].from * MiB }, file: chunks(kind) };
  });
  await bench.place(mac, { kind: 'capture', disks });
  await expectDone(mac, names);
  names.forEach(bench.detach);
}

/** The devices of the loaded disks, in the order of `kinds`. */
async function loadAll(mac: string, { grow }: { readonly grow: boolean }): Promise<readonly string[]> {
  const names = kinds.map((kind) => {
    const file = join(bench.directory, `${kind}-${mac}.raw`);
    writeFileSync(file, '');
    truncateSync(file, sizes[kind].onto * MiB);
    return bench.attach(file);
  });
  const disks = kinds.map((kind) => {
    const select = { sizeBytes: sizes[kind].onto * MiB };
    return { name: kind, select, file: chunks(kind), sizeBytes: sizes[kind].from * MiB };
  });
  await bench.place(mac, { kind: 'load', grow, hostKeys: false, disks });
  await expectDone(mac, names);
  return names;
}

async function expectDone(mac: string, names: readonly string[]): Promise<void> {
  const agent = await bench.run(mac, names.join(' '));
  expect(await agent.ended, agent.words()).toBe(0);
  expect(await bench.progress(mac), agent.words()).toMatchObject({ state: 'done', report: { notes: [] } });
}

/** Each is sound, and holds what it held; how large it is now. */
async function readAll(names: readonly string[]) {
  const found: { readonly kind: GrowingKind; readonly sizeBytes: number }[] = [];
  for (const [index, kind] of kinds.entries()) {
    const { kept, sizeBytes } = await readGrown(bench.directory, kind, `/dev/${names[index]!}p1`);
    expect(kept).toBe(keptOn(kind));
    found.push({ kind, sizeBytes });
  }
  return found;
}

describe('the last partition of a disk', () => {
  beforeAll(async () => {
    if (hasAgentNeeds()) await captureAll('52:54:00:00:03:01');
  });

  it('grows onto a larger disk, with its btrfs and its NTFS, which are sound and hold what they held', async () => {
    for (const { kind, sizeBytes } of await readAll(await loadAll('52:54:00:00:03:02', { grow: true })))
      expect(sizeBytes, kind).toBeGreaterThan((sizes[kind].onto - 3) * MiB);
  });

  it('keeps its size where that was not asked for', async () => {
    for (const { kind, sizeBytes } of await readAll(await loadAll('52:54:00:00:03:03', { grow: false })))
      expect(sizeBytes, kind).toBeLessThan((sizes[kind].from - 1) * MiB);
  });
});
