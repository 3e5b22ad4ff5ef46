import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listFrames } from '../../../src/library/chunks/frames.ts';
import { agentNeeds, filesOn, hasAgentNeeds, startAgentBench, type AgentBench } from '../../support/agent-bench.ts';
import { showPartitions, type RunningAgent } from '../../support/imaging-agent.ts';
import { basicData, makeImagingDisk } from '../../support/imaging-disk.ts';
import { startMeteredFront, type MeteredFront } from '../../support/metered-front.ts';
import { skipWithout } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const source = 256 * MiB;
const cards = {
  ...{ captured: '52:54:00:00:02:01', reset: '52:54:00:00:02:02', forgotten: '52:54:00:00:02:03' },
  ...{ cut: '52:54:00:00:02:04', still: '52:54:00:00:02:05', gone: '52:54:00:00:02:06' },
} as const;

let bench: AgentBench;
let front: MeteredFront;
let target: string;
let original: Readonly<Record<string, string>>;
/** What the chunks take in the library, and on the wire. */
let stored: { readonly total: number; readonly largest: number };

const chunks = (): string => join(bench.directory, 'vda.chunks');
const start = async (mac: string, longest?: number): Promise<RunningAgent> =>
  await bench.run(mac, target, { api: `https://127.0.0.1:${String(front.port)}`, ...(longest && { longest }) });
/** Each chunk once, the one that was being written and the one that was being fetched once more; and what TLS and its handshakes add. */
const allowed = (): number => stored.total * 1.05 + 2 * stored.largest;

/** Begins a load, and lets no more than six tenths of it through. */
async function beginLoad(mac: string, longest?: number): Promise<RunningAgent> {
  const disks = [{ name: 'vda', select: { sizeBytes: source }, file: chunks(), sizeBytes: source }];
  await bench.place(mac, { kind: 'load', grow: false, hostKeys: false, disks });
  const enough = stored.total * 0.6;
  front.stopAt(enough);
  const agent = await start(mac, longest);
  await expect.poll(() => front.bytes, { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(enough);
  return agent;
}

/** Processes of the program that moves chunks through this port. */
async function movers(port: number): Promise<readonly number[]> {
  const { stdout } = await execa('pgrep', ['-f', `move\\.pl take https://127\\.0\\.0\\.1:${String(port)} `]);
  return stdout.split('\n').map(Number);
}

async function expectLoaded(mac: string, agent: RunningAgent): Promise<void> {
  expect(await agent.ended, agent.words()).toBe(0);
  expect(await bench.progress(mac), agent.words()).toMatchObject({ state: 'done' });
  expect(filesOn(bench, `/dev/${target}p3`)).toEqual(original);
}

beforeAll(async () => {
  if (!hasAgentNeeds()) return;
  bench = await startAgentBench();
  const disk = bench.attach(
    makeImagingDisk(bench.directory, { mebibytes: 256, payloadMebibytes: 96, vfatType: basicData }),
  );
  showPartitions(disk);
  original = filesOn(bench, `/dev/${disk}p3`);
  const disks = [{ name: 'vda', select: { sizeBytes: source }, file: chunks() }];
  await bench.place(cards.captured, { kind: 'capture', disks });
  await (
    await bench.run(cards.captured, disk)
  ).ended;
  const sizes = (await listFrames(chunks())).frames.map(({ header }) => header.storedBytes);
  stored = { total: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(...sizes) };
});

afterAll(async () => {
  if (hasAgentNeeds()) await bench.end();
});

beforeEach(async (context) => {
  skipWithout(context, ...agentNeeds);
  front = await startMeteredFront(bench.server.httpsPort);
  const file = join(bench.directory, 'target.raw');
  writeFileSync(file, '');
  truncateSync(file, source);
  target = bench.attach(file);
});

afterEach(async () => {
  if (!hasAgentNeeds()) return;
  bench.detach(target);
  await front.stop();
});

describe('what a load fetches again', () => {
  it('is two chunks at most when its machine is reset in the middle', async () => {
    const first = await beginLoad(cards.reset);
    first.kill();
    await first.ended;
    front.open();
    const second = await start(cards.reset);
    await expectLoaded(cards.reset, second);
    expect(front.bytes).toBeGreaterThan(stored.total);
    expect(front.bytes).toBeLessThan(allowed());
  });

  it('is more when nobody knows any longer what was written', async () => {
    const first = await beginLoad(cards.forgotten);
    first.kill();
    await first.ended;
    const record = join(await bench.orderDirectory(cards.forgotten), 'written-1');
    expect(readFileSync(record, 'utf8').split('\n').length).toBeGreaterThan(4);
    rmSync(record);
    front.open();
    const second = await start(cards.forgotten);
    await expectLoaded(cards.forgotten, second);
    expect(front.bytes).toBeGreaterThan(allowed());
  });

  it('is two chunks at most when the connection is cut in the middle, and the same agent goes on', async () => {
    const agent = await beginLoad(cards.cut);
    expect(front.cut()).toBeGreaterThan(0);
    front.open();
    await expectLoaded(cards.cut, agent);
    expect(front.bytes).toBeGreaterThan(stored.total);
    expect(front.bytes).toBeLessThan(allowed());
    execFileSync('e2fsck', ['-fn', `/dev/${target}p3`], { stdio: 'pipe' });
  });

  it('is not given up when a write finds the other end of the connection gone', async () => {
    const agent = await beginLoad(cards.gone, 5);
    expect(front.cut()).toBeGreaterThan(0);
    // What the kernel sends besides the error, here while the agent waits before it tries again. In a write it is a matter of microseconds.
    await expect.poll(agent.words, { timeout: 60_000, interval: 20 }).toContain('no answer');
    for (const pid of await movers(front.port)) process.kill(pid, 'SIGPIPE');
    front.open();
    await expectLoaded(cards.gone, agent);
  });

  it('is two chunks at most when its connection stands still in the middle of one, and is not ended', async () => {
    const agent = await beginLoad(cards.still, 10);
    front.openAnew();
    await expectLoaded(cards.still, agent);
    expect(agent.words()).toContain('no answer: it is not over after 10 s');
    expect(front.bytes).toBeLessThan(allowed());
  });
});
