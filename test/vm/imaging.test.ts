import { execFileSync } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureEnvironment } from '../../src/imaging/environment/build.ts';
import { placeOrder, readProgress } from '../../src/imaging/order-directory.ts';
import type { ImagingOrder } from '../../src/imaging/order.ts';
import { startImagingServer, type ImagingServer } from '../../src/imaging/server.ts';
import { listFrames } from '../../src/library/chunks/frames.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { makeImagingDisk, parts, swapUuid } from '../support/imaging-disk.ts';
import { hostAddress, startImagingMachine, type ImagingMachine } from '../support/imaging-machine.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';

const MiB = 1024 ** 2;
const [sourceBytes, targetBytes] = [192 * MiB, 320 * MiB];
const [sourceCard, targetCard] = ['52:54:00:00:00:01', '52:54:00:00:00:02'];
const booting = { timeout: 10 * 60_000, interval: 250 };

let directory: string;
let server: ImagingServer;
let machine: ImagingMachine | undefined;

const capture = (): ImagingOrder => ({
  ...{ run: 'captureImage/lab-07/1', epoch: 1, step: 'capture-disks', node: 'lab-07', macAddresses: [sourceCard] },
  work: {
    kind: 'capture',
    disks: [{ name: 'vda', select: { serial: 'SOURCE' }, file: join(directory, 'vda.chunks') }],
  },
});
const load = (): ImagingOrder => ({
  ...{ run: 'loadNode/lab-08/1', epoch: 1, step: 'load-disks', node: 'lab-08', macAddresses: [targetCard] },
  work: {
    ...{ kind: 'load', grow: true, hostKeys: true },
    disks: [{ name: 'vda', select: { serial: 'TARGET' }, file: join(directory, 'vda.chunks'), sizeBytes: sourceBytes }],
  },
});
const start = (disk: string, serial: string, mac: string): ImagingMachine => {
  machine = startImagingMachine(directory, { disk, serial, mac, httpPort: server.httpPort });
  return machine;
};
const debugfs = (disk: string, command: string): string =>
  execFileSync('debugfs', ['-R', command, `${disk}?offset=${parts.root * 512}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

beforeAll(async () => {
  if (whyUnavailable('imaging') !== undefined) return;
  directory = mkdtempSync(join(tmpdir(), 'imprint-imaging-vm-'));
  const cache = await (await openStateDirectory()).directory('imaging');
  server = await startImagingServer({
    ...{ library: directory, address: hostAddress, listen: '127.0.0.1', httpPort: 0, httpsPort: 0 },
    isCardAt: async () => true,
    environment: async () => await ensureEnvironment(cache),
    complain: () => undefined,
  });
  await ensureEnvironment(cache);
});

afterAll(async () => {
  if (whyUnavailable('imaging') !== undefined) return;
  await machine?.kill();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a machine that boots over the network', () => {
  it('is captured, goes on after a reset with at most the chunk in flight sent again, and powers off', async (context) => {
    skipWithout(context, 'imaging');
    const disk = makeImagingDisk(directory, { mebibytes: 192, payloadMebibytes: 16, vfatType: 'U' });
    await placeOrder(directory, capture());
    const first = start(disk, 'SOURCE', sourceCard);
    const bytesDone = async (): Promise<number> => (await readProgress(directory, capture()))?.bytesDone ?? 0;
    await expect.poll(bytesDone, booting).toBeGreaterThan(0);
    await first.kill();
    const before = await bytesDone();

    const second = start(disk, 'SOURCE', sourceCard);
    await second.off();
    const progress = await readProgress(directory, capture());
    expect(progress, second.console()).toMatchObject({ state: 'done', bytesDone: progress?.bytesTotal });
    expect(before).toBeLessThanOrEqual(progress?.bytesDone ?? 0);
    const { layout, frames } = await listFrames(join(directory, 'vda.chunks'));
    expect(frames).toHaveLength(layout.chunks.length);
  });

  it('is loaded onto a larger disk: files equal, clean, grown, with the same swap and with host keys', async (context) => {
    skipWithout(context, 'imaging');
    const disk = join(directory, 'target.raw');
    writeFileSync(disk, Buffer.alloc(64 * MiB, 0x5a));
    truncateSync(disk, targetBytes);
    await placeOrder(directory, load());
    const booted = start(disk, 'TARGET', targetCard);
    await booted.off();
    const progress = await readProgress(directory, load());
    expect(progress, booted.console()).toMatchObject({ state: 'done' });
    expect(progress?.report?.hostKeys?.some((key) => key.startsWith('ssh-ed25519 '))).toBe(true);
    expect(progress?.report?.notes).toContain('/dev/vda1 has no loader that is known');

    execFileSync('e2fsck', ['-fn', `${disk}?offset=${parts.root * 512}`]);
    const blocks = Number(/^Block count: +(\d+)$/m.exec(debugfs(disk, 'stats -h'))?.[1]);
    const blockSize = Number(/^Block size: +(\d+)$/m.exec(debugfs(disk, 'stats -h'))?.[1]);
    expect(blocks * blockSize).toBeGreaterThan(targetBytes - parts.root * 512 - 2 * MiB);
    expect(debugfs(disk, 'cat /small-7')).toBe('file 7\n');
    for (const side of [disk, join(directory, 'source.raw')]) debugfs(side, `dump /payload ${side}.payload`);
    execFileSync('cmp', [`${disk}.payload`, join(directory, 'source.raw.payload')]);
    const swap = ['-p', '-O', String(parts.swap * 512), '-o', 'value', '-s', 'UUID', disk];
    expect(execFileSync('blkid', swap).toString().trim()).toBe(swapUuid);
  });
});
