import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImagingOrder } from '../../../src/imaging/order.ts';
import { agentNeeds, hasAgentNeeds, startAgentBench, type AgentBench } from '../../support/agent-bench.ts';
import { showPartitions } from '../../support/imaging-agent.ts';
import { basicData, makeImagingDisk } from '../../support/imaging-disk.ts';
import { sha256Of } from '../../support/sha256.ts';
import { skipWithout } from '../../support/unavailable.ts';

const MiB = 1024 ** 2;
const source = 256 * MiB;
const cards = { captured: '52:54:00:00:01:01', touched: '52:54:00:00:01:02' } as const;

type LoadDisk = Extract<ImagingOrder['work'], { kind: 'load' }>['disks'][number];

let bench: AgentBench;
let original: string;

const chunks = (name: string): string => join(bench.directory, `${name}.chunks`);
const capture = (name: string): ImagingOrder['work'] => ({
  kind: 'capture',
  disks: [{ name: 'vda', select: { sizeBytes: source }, file: chunks(name) }],
});
const load = (select: LoadDisk['select']): ImagingOrder['work'] => ({
  ...{ kind: 'load', grow: false, hostKeys: false },
  disks: [{ name: 'vda', select, file: chunks('captured'), sizeBytes: source }],
});

/** A disk that is full of something. */
function makeTarget(name: string, mebibytes: number): { readonly file: string; readonly device: string } {
  const file = join(bench.directory, `${name}.raw`);
  writeFileSync(file, Buffer.alloc(mebibytes * MiB, 'what was here before '));
  return { file, device: bench.attach(file) };
}

/** Starts the system's file system and ends it again, as a machine does that boots its disk. */
function mountOnce(device: string): void {
  const mount = join(bench.directory, 'boot');
  mkdirSync(mount);
  execFileSync('mount', [device, mount]);
  execFileSync('umount', [mount]);
}

beforeAll(async () => {
  if (!hasAgentNeeds()) return;
  bench = await startAgentBench();
  original = bench.attach(
    makeImagingDisk(bench.directory, { mebibytes: 256, payloadMebibytes: 64, vfatType: basicData }),
  );
  showPartitions(original);
  await bench.place(cards.captured, capture('captured'));
  const agent = await bench.run(cards.captured, original);
  await agent.ended;
});

afterAll(async () => {
  if (hasAgentNeeds()) await bench.end();
});

beforeEach((context) => skipWithout(context, ...agentNeeds));

describe('the agent and a disk that is not what it should be', () => {
  it('reads nothing more of a disk whose file system was mounted after its capture began', async () => {
    await bench.place(cards.touched, capture('touched'));
    const first = await bench.run(cards.touched, original);
    await expect
      .poll(async () => (await bench.progress(cards.touched))?.bytesDone, { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(0);
    first.kill();
    await first.ended;
    mountOnce(`/dev/${original}p3`);
    const kept = statSync(chunks('touched')).size;

    const second = await bench.run(cards.touched, original);
    expect(await second.ended, second.words()).toBe(0);
    const progress = await bench.progress(cards.touched);
    expect(progress?.state, second.words()).toBe('failed');
    expect(progress?.words).toMatch(/compare the disks with what was recorded .* mount count of \S+ was 0, and is 1/);
    expect(statSync(chunks('touched')).size).toBe(kept);
    expect(kept).toBeLessThan(statSync(chunks('captured')).size);
  });

  const refused = [
    {
      ...{ mac: '52:54:00:00:01:11', what: 'that is too small', select: { sizeBytes: 200 * MiB } },
      words: new RegExp(`it has ${String(200 * MiB)} bytes, and the image needs ${String(source)}`),
    },
    {
      ...{ mac: '52:54:00:00:01:12', what: 'of another size than was asked for', select: { sizeBytes: 300 * MiB } },
      words: new RegExp(`choose the disk vda: no disk of the machine with ${String(300 * MiB)} bytes`),
    },
    {
      ...{ mac: '52:54:00:00:01:13', what: 'without the serial number that was asked for', select: { serial: 'S-1' } },
      words: /choose the disk vda: no disk of the machine with serial number S-1; it has .*serial number unknown/,
    },
  ];
  for (const { mac, what, select, words } of refused)
    it(`writes nothing to a disk ${what}`, async () => {
      const { file, device } = makeTarget('refused', 200);
      const before = await sha256Of(file);
      await bench.place(mac, load(select));

      const agent = await bench.run(mac, device);
      expect(await agent.ended, agent.words()).toBe(0);
      expect(await bench.progress(mac)).toMatchObject({
        state: 'failed',
        words: expect.stringMatching(words) as string,
      });
      execFileSync('blockdev', ['--flushbufs', `/dev/${device}`]);
      bench.detach(device);
      expect(await sha256Of(file)).toBe(before);
    });

  it('does not go on with a load on another disk than it was begun on', async () => {
    const mac = '52:54:00:00:01:14';
    const begun = makeTarget('begun', 300);
    await bench.place(mac, load({ sizeBytes: 300 * MiB }));
    const first = await bench.run(mac, begun.device);
    await expect
      .poll(async () => (await bench.progress(mac))?.bytesDone, { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(0);
    first.kill();
    await first.ended;
    const other = makeTarget('other', 300);
    const before = await sha256Of(other.file);

    const second = await bench.run(mac, other.device);
    expect(await second.ended, second.words()).toBe(0);
    expect((await bench.progress(mac))?.words).toMatch(
      new RegExp(
        `it was begun on target 0 /dev/${begun.device} .*, and the machine has target 0 /dev/${other.device} `,
      ),
    );
    bench.detach(other.device);
    expect(await sha256Of(other.file)).toBe(before);
  });
});
