import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOrder, readProgress } from '../../../src/imaging/order-directory.ts';
import type { ImagingOrder } from '../../../src/imaging/order.ts';
import { listFrames } from '../../../src/library/chunks/frames.ts';
import { attachDisk, detachDisk, showPartitions, startAgent } from '../../support/imaging-agent.ts';
import { basicData, makeImagingDisk, swapUuid } from '../../support/imaging-disk.ts';
import { startImagingBench, type ImagingBench } from '../../support/imaging-server.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const mac = '52:54:00:00:00:01';
const source = 256 * MiB;

let bench: ImagingBench;
let sourceFile: string;
const attached: string[] = [];

const attach = (file: string): string => {
  const name = attachDisk(file);
  attached.push(name);
  return name;
};
const order = (step: string, work: ImagingOrder['work']): ImagingOrder => ({
  ...{ run: 'captureImage/lab-07/1', epoch: 1, step, node: 'lab-07', macAddresses: [mac], work },
});
const chunks = (): string => join(bench.directory, 'vda.chunks');
const runAgent = async (only: string) =>
  startAgent(bench.directory, { api: bench.api, mac, only, token: (await bench.boot(mac)).token });

/** The mounted file system's files with their content, relative. */
function filesIn(name: string, number: number): Readonly<Record<string, string>> {
  const mount = join(bench.directory, 'look');
  mkdirSync(mount, { recursive: true });
  execFileSync('mount', ['-o', 'ro', `/dev/${name}p${number}`, mount]);
  try {
    const output = execFileSync('sh', ['-c', 'cd "$1" && find . -type f | sort | xargs sha256sum', 'look', mount]);
    const lines = output.toString().trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  } finally {
    execFileSync('umount', [mount]);
  }
}

beforeAll(async () => {
  if (whyUnavailable('imaging') !== undefined) return;
  bench = await startImagingBench();
  sourceFile = makeImagingDisk(bench.directory, { mebibytes: 256, payloadMebibytes: 24, vfatType: basicData });
});

afterAll(async () => {
  if (whyUnavailable('imaging') !== undefined) return;
  for (const name of attached) detachDisk(name);
  await bench.server.close();
  rmSync(bench.directory, { recursive: true, force: true });
});

describe('the agent, on loop devices', () => {
  it('captures used blocks only, and after a reset goes on where it was', async (context) => {
    skipWithout(context, 'imaging');
    const name = attach(sourceFile);
    showPartitions(name);
    const disks = [{ name: 'vda', select: { sizeBytes: source }, file: chunks() }];
    const capture = order('capture', { kind: 'capture', disks });
    await placeOrder(bench.library, capture);

    const first = await runAgent(name);
    await expect
      .poll(async () => (await readProgress(bench.library, capture))?.bytesDone, { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(0);
    first.kill();
    await first.ended;
    const before = (await listFrames(chunks()).catch(() => ({ frames: [] }))).frames.length;

    const second = await runAgent(name);
    expect(await second.ended, second.words()).toBe(0);
    const progress = await readProgress(bench.library, capture);
    expect(progress).toMatchObject({ state: 'done', bytesDone: progress?.bytesTotal });
    expect(progress?.bytesTotal).toBeLessThan(64 * MiB);
    const index = await listFrames(chunks());
    expect(before).toBeLessThanOrEqual(index.frames.length);
    expect(index.layout.contents.map(({ type, copied }) => [type, copied])).toEqual([
      ['vfat', 'used'],
      ['swap', 'none'],
      ['ext4', 'used'],
    ]);
    detachDisk(name);
  });

  it('loads them onto a larger disk: files equal, swap the same, grown, clean, with host keys', async (context) => {
    skipWithout(context, 'imaging');
    const target = join(bench.directory, 'target.raw');
    writeFileSync(target, Buffer.alloc(64 * MiB, 0x5a));
    truncateSync(target, 400 * MiB);
    const name = attach(target);
    const disks = [{ name: 'vda', select: { sizeBytes: 400 * MiB }, file: chunks(), sizeBytes: source }];
    const load = order('load', { kind: 'load', grow: true, hostKeys: true, disks });
    await placeOrder(bench.library, { ...load, run: 'loadNode/lab-07/2', macAddresses: ['52:54:00:00:00:02'] });

    const { token } = await bench.boot('52:54:00:00:00:02');
    const agent = startAgent(bench.directory, { api: bench.api, mac: '52:54:00:00:00:02', token, only: name });
    expect(await agent.ended, agent.words()).toBe(0);
    const progress = await readProgress(bench.library, { run: 'loadNode/lab-07/2', step: 'load' });
    expect(progress, agent.words()).toMatchObject({ state: 'done', bytesDone: progress?.bytesTotal });
    expect(progress?.report?.hostKeys?.some((key) => key.startsWith('ssh-ed25519 '))).toBe(true);

    execFileSync('e2fsck', ['-fn', `/dev/${name}p3`]);
    expect(Number(execFileSync('blockdev', ['--getsize64', `/dev/${name}p3`]))).toBeGreaterThan(330 * MiB);
    expect(
      execFileSync('blkid', ['-p', '-o', 'value', '-s', 'UUID', `/dev/${name}p2`])
        .toString()
        .trim(),
    ).toBe(swapUuid);
    const original = attach(sourceFile);
    showPartitions(original);
    const loaded = filesIn(name, 3);
    const keys = Object.keys(loaded).filter((path) => path.startsWith('./etc/ssh/ssh_host_'));
    expect(keys).toHaveLength(6);
    expect(Object.fromEntries(Object.entries(loaded).filter(([path]) => !keys.includes(path)))).toEqual(
      filesIn(original, 3),
    );
    expect(readFileSync(target).readUInt16LE(510)).toBe(0xaa55);
    expect(readdirSync(bench.library)).toEqual(['.imaging']);
  });
});
