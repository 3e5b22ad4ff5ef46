import { join } from 'node:path';
import { readdir, readFile, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listFrames } from '../../src/library/chunks/frames.ts';
import { ensureEnvironment } from '../../src/imaging/environment/build.ts';
import { readProgress } from '../../src/imaging/order-directory.ts';
import type { BareMachine } from '../support/bare-machine.ts';
import { startBaremetalImprint, type BareNode, type BaremetalImprint } from '../support/baremetal-imprint.ts';
import { failureOf } from '../support/runs.ts';
import { skipWithout, whyUnavailable, type TestNeed } from '../support/unavailable.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

const needs: readonly TestNeed[] = ['vm', 'sealCheck', 'imaging', 'bmc', 'bareMetal', 'temporal', 'postgres'];
const GiB = 1024 ** 3;
const inGuest = { signal: new AbortController().signal, timeoutMs: 120_000 };
const patience = { timeout: 10 * 60_000, interval: 200 };

let imprint: BaremetalImprint;
let close: () => Promise<void> = () => Promise.resolve();
let worker: WorkerProcess;
let [source, target]: [BareMachine, BareMachine] = [undefined as never, undefined as never];

beforeAll(async () => {
  if (needs.some((need) => whyUnavailable(need) !== undefined)) return;
  imprint = await startBaremetalImprint({ names: ['lab-1', 'lab-2'], dhcp: 'dnsmasq' });
  close = imprint.stop;
  worker = await imprint.startWorker();
  const by = async (name: string, serial: string, content: { of?: string; bytes: number }): Promise<BareNode> => ({
    ...{ name, firmware: 'bios', controller: 'ipmi' },
    disks: [{ serial, path: await imprint.disk(name, content) }],
  });
  const [first, second] = [
    await by('lab-1', 'DISK-ONE', { of: imprint.guest.disk, bytes: 2 * GiB }),
    await by('lab-2', 'DISK-TWO', { bytes: 3 * GiB }),
  ];
  [source, target] = [await imprint.machine(first), await imprint.machine(second)];
  await imprint.addNode(first, await source.firstBoot());
  await imprint.addNode(second);
});
afterAll(async () => await close());
beforeEach((context) => skipWithout(context, ...needs));

/** Waits until the machine has moved this share of its disks. */
async function untilMoved(run: string, step: string, share: number): Promise<void> {
  await vi.waitFor(async () => {
    const { bytesDone = 0, bytesTotal = 0 } = (await readProgress(imprint.library, { run, step })) ?? {};
    if (bytesTotal === 0 || bytesDone / bytesTotal < share)
      throw new Error(`${run} is at ${String(bytesDone)} of ${String(bytesTotal)}`);
  }, patience);
}

/** How often a machine got the script that asks its management node, from the TFTP server. */
async function timesScriptFetched(): Promise<number> {
  const log = await readFile(join(imprint.root, 'dnsmasq.log'), 'utf8');
  return log.split('/boot.ipxe to ').length - 1;
}

async function largestFrame(file: string): Promise<number> {
  const { frames } = await listFrames(file);
  return Math.max(...frames.map(({ at, end }) => end - at));
}

/** What a machine fetches at each boot over the network: kernel and initramfs. */
async function bootBytes(): Promise<number> {
  const { kernel, initrdBytes } = await ensureEnvironment(join(imprint.library, '.imaging', 'environment'));
  return (await stat(kernel)).size + initrdBytes;
}

describe('a machine of bare metal behind an IPMI controller', () => {
  it('is captured although worker, network and machine are gone in the middle; only what was in flight is sent again', async () => {
    const received = await imprint.segment.bytesReceived();
    const run = await imprint.client.startCapture({
      ...{ node: 'lab-1', image: 'lab', operatingSystem: 'debian12', author: 'test', after: 'leaveOff' },
    } as const);
    await untilMoved(run.id, 'capture-disks', 0.1);
    await worker.kill();
    // Its firmware finds nobody who serves it, and tries until somebody does.
    const before = await timesScriptFetched();
    await source.virsh('reset');
    await expect.poll(timesScriptFetched, patience).toBeGreaterThan(before);
    worker = await imprint.startWorker();
    await untilMoved(run.id, 'capture-disks', 0.3);
    await source.virsh('reset');
    await untilMoved(run.id, 'capture-disks', 0.5);
    await imprint.segment.cut();
    await expect.poll(async () => await source.console(), patience).toMatch(/no answer: (Timed out|Could not connect)/);
    await imprint.segment.join();
    await run.result();

    const sent = (await imprint.segment.bytesReceived()) - received;
    const file = join(imprint.library, 'lab-v1', 'sda.chunks');
    const { size } = await stat(file);
    const { layout, frames } = await listFrames(file);
    const inFlight = 3 * (await largestFrame(file));
    // Headers of Ethernet, IP, TCP and TLS take 5 %; what the machine tells of its disks and of itself is less than a mebibyte.
    expect(sent).toBeLessThan(1.05 * size + inFlight + 1024 ** 2);
    expect(frames).toHaveLength(layout.chunks.length);
    expect(await source.virsh('domstate')).toBe('shut off');
    expect(await source.virsh('dumpxml')).toContain("<boot dev='hd'/>");
    expect(await readdir(join(imprint.library, '.imaging', 'orders'))).toEqual([]);
  });

  it('is off, boots from its disk, and is asked nothing more when its load is cancelled in the middle', async () => {
    const run = await imprint.client.startLoad({ node: 'lab-2', image: 'lab' });
    await untilMoved(run.id, 'load-disks', 0.1);
    await run.cancel();

    expect(await failureOf(run)).toMatchObject({ reason: 'Cancelled' });
    expect(await target.virsh('domstate')).toBe('shut off');
    expect(await target.virsh('dumpxml')).toContain("<boot dev='hd'/>");
    expect(await readdir(join(imprint.library, '.imaging', 'orders'))).toEqual([]);
    expect((await imprint.catalog.computers.get('lab-2')).state).toBe('maintenance');
    expect(await imprint.catalog.claims.find('lab-2')).toBeUndefined();
    // What half an image is on may go.
    expect(await imprint.client.releaseNode({ node: 'lab-2' })).toEqual({ done: 'released' });
  });

  it('is loaded from the image onto a larger disk, although worker and machine are gone in the middle, and is READY with the host keys made for it', async () => {
    const sentBefore = await imprint.segment.bytesSent();
    const run = await imprint.client.startLoad({ node: 'lab-2', image: 'lab' });
    await untilMoved(run.id, 'load-disks', 0.2);
    await worker.kill();
    worker = await imprint.startWorker();
    await untilMoved(run.id, 'load-disks', 0.5);
    await target.virsh('reset');
    await run.result();

    const sent = (await imprint.segment.bytesSent()) - sentBefore;
    const file = join(imprint.library, 'lab-v1', 'sda.chunks');
    // Two breaks; at each a chunk is being written while the next one is fetched. Two boots, each with kernel and initramfs.
    const inFlight = 4 * (await largestFrame(file));
    expect(sent).toBeLessThan(1.05 * ((await stat(file)).size + 2 * (await bootBytes())) + inFlight + 1024 ** 2);
    expect(await imprint.client.nodeStatus('lab-2')).toMatchObject({ status: 'READY', currentimage: 'lab-v1' });
    const [source, loaded] = await Promise.all(['lab-1', 'lab-2'].map(imprint.catalog.computers.get));
    expect(loaded?.hostKeys).not.toEqual(source?.hostKeys);
    const shell = await imprint.shellTo('lab-2');
    const { stdout } = await shell.run('df', ['--output=size', '-B1', '/'], inGuest);
    expect(Number(stdout.trim().split('\n').at(-1))).toBeGreaterThan(2.7 * GiB);
    expect(await target.virsh('dumpxml')).toContain("<boot dev='hd'/>");
    expect(await readdir(join(imprint.library, '.imaging', 'orders'))).toEqual([]);
  });

  it('is unloaded: off, and its disk stays for the next load', async () => {
    await (await imprint.client.startUnload('lab-2')).result();
    expect(await target.virsh('domstate')).toBe('shut off');
    const raw = join(imprint.root, 'lab-2.raw');
    await execa('qemu-img', ['convert', '-O', 'raw', join(imprint.root, 'lab-2.qcow2'), raw]);
    const { stdout } = await execa('sfdisk', ['-J', raw]);
    expect(JSON.parse(stdout)).toMatchObject({
      partitiontable: { partitions: expect.arrayContaining([expect.anything()]) },
    });
  });
});
