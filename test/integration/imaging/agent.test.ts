import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFrames } from '../../../src/library/chunks/frames.ts';
import { agentNeeds, filesOn, hasAgentNeeds, startAgentBench, type AgentBench } from '../../support/agent-bench.ts';
import { showPartitions } from '../../support/imaging-agent.ts';
import { basicData, makeImagingDisk, swapUuid } from '../../support/imaging-disk.ts';
import { skipWithout } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const source = 256 * MiB;
const cards = { captured: '52:54:00:00:00:01', loaded: '52:54:00:00:00:02' } as const;

let bench: AgentBench;
let sourceFile: string;

const chunks = (): string => join(bench.directory, 'vda.chunks');

beforeAll(async () => {
  if (!hasAgentNeeds()) return;
  bench = await startAgentBench();
  sourceFile = makeImagingDisk(bench.directory, { mebibytes: 256, payloadMebibytes: 24, vfatType: basicData });
});

afterAll(async () => {
  if (hasAgentNeeds()) await bench.end();
});

describe('the agent, on loop devices', () => {
  it('captures used blocks only, and after a reset goes on where it was', async (context) => {
    skipWithout(context, ...agentNeeds);
    const name = bench.attach(sourceFile);
    showPartitions(name);
    const disks = [{ name: 'vda', select: { sizeBytes: source }, file: chunks() }];
    await bench.place(cards.captured, { kind: 'capture', disks });

    const first = await bench.run(cards.captured, name);
    await expect
      .poll(async () => (await bench.progress(cards.captured))?.bytesDone, { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(0);
    first.kill();
    await first.ended;
    const before = (await listFrames(chunks()).catch(() => ({ frames: [] }))).frames.length;

    const second = await bench.run(cards.captured, name);
    expect(await second.ended, second.words()).toBe(0);
    const progress = await bench.progress(cards.captured);
    expect(progress).toMatchObject({ state: 'done', bytesDone: progress?.bytesTotal });
    expect(progress?.bytesTotal).toBeLessThan(64 * MiB);
    const index = await listFrames(chunks());
    expect(before).toBeLessThanOrEqual(index.frames.length);
    expect(index.layout.contents.map(({ type, copied }) => [type, copied])).toEqual([
      ['vfat', 'used'],
      ['swap', 'none'],
      ['ext4', 'used'],
    ]);
    bench.detach(name);
  });

  it('loads them onto a larger disk: files equal, swap the same, grown, clean, with host keys', async (context) => {
    skipWithout(context, ...agentNeeds);
    const target = join(bench.directory, 'target.raw');
    writeFileSync(target, Buffer.alloc(64 * MiB, 0x5a));
    truncateSync(target, 400 * MiB);
    const name = bench.attach(target);
    const disks = [{ name: 'vda', select: { sizeBytes: 400 * MiB }, file: chunks(), sizeBytes: source }];
    await bench.place(cards.loaded, { kind: 'load', grow: true, hostKeys: true, disks });

    const agent = await bench.run(cards.loaded, name);
    expect(await agent.ended, agent.words()).toBe(0);
    const progress = await bench.progress(cards.loaded);
    expect(progress, agent.words()).toMatchObject({ state: 'done', bytesDone: progress?.bytesTotal });
    expect(progress?.report?.hostKeys?.some((key) => key.startsWith('ssh-ed25519 '))).toBe(true);

    execFileSync('e2fsck', ['-fn', `/dev/${name}p3`], { stdio: 'pipe' });
    expect(Number(execFileSync('blockdev', ['--getsize64', `/dev/${name}p3`]))).toBeGreaterThan(330 * MiB);
    expect(
      execFileSync('blkid', ['-p', '-o', 'value', '-s', 'UUID', `/dev/${name}p2`])
        .toString()
        .trim(),
    ).toBe(swapUuid);
    const original = bench.attach(sourceFile);
    showPartitions(original);
    const loaded = filesOn(bench, `/dev/${name}p3`);
    const keys = Object.keys(loaded).filter((path) => path.startsWith('./etc/ssh/ssh_host_'));
    expect(keys).toHaveLength(6);
    expect(Object.fromEntries(Object.entries(loaded).filter(([path]) => !keys.includes(path)))).toEqual(
      filesOn(bench, `/dev/${original}p3`),
    );
    expect(readFileSync(target).readUInt16LE(510)).toBe(0xaa55);
    expect(readdirSync(bench.library)).toEqual(['.imaging']);
  });
});
