import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BareMachine } from '../support/bare-machine.ts';
import { startBaremetalImprint, type BareNode, type BaremetalImprint } from '../support/baremetal-imprint.ts';
import { keptOnDataDisk, makeDataDisk, readDataDisk, xfsBytes } from '../support/data-disk.ts';
import { makeUefiDisk } from '../support/uefi-disk.ts';
import { skipWithout, whyUnavailable, type TestNeed } from '../support/unavailable.ts';

/** UEFI firmware, Redfish, two disks: the system on the first, on the second what a site may keep beside it. */

const needs: readonly TestNeed[] = ['vm', 'sealCheck', 'imaging', 'bmc', 'bareMetal', 'temporal', 'postgres'];
const GiB = 1024 ** 3;

let imprint: BaremetalImprint;
let close: () => Promise<void> = () => Promise.resolve();
let source: BareMachine;
let target: BareNode;

beforeAll(async () => {
  if (needs.some((need) => whyUnavailable(need) !== undefined)) return;
  imprint = await startBaremetalImprint({ names: ['lab-3', 'lab-4'], dhcp: 'kea' });
  close = imprint.stop;
  await imprint.startWorker();
  const uefi = { firmware: 'uefi', controller: 'redfish' } as const;
  const [system, data] = [await makeUefiDisk(imprint.root, imprint.guest), await makeDataDisk(imprint.root)];
  const disk = async (serial: string, content: { readonly of?: string; readonly bytes: number }) => ({
    serial,
    path: await imprint.disk(serial, content),
  });
  const first: BareNode = {
    ...{ name: 'lab-3', ...uefi },
    disks: [await disk('S3', { of: system, bytes: 2.5 * GiB }), await disk('D3', { of: data, bytes: 0.75 * GiB })],
  };
  target = {
    ...{ name: 'lab-4', ...uefi },
    disks: [await disk('S4', { bytes: 3 * GiB }), await disk('D4', { bytes: GiB })],
  };
  source = await imprint.machine(first);
  await imprint.machine(target);
  await imprint.addNode(first, await source.firstBoot());
  await imprint.addNode(target);
});
afterAll(async () => await close());
beforeEach((context) => skipWithout(context, ...needs));

describe('machines with UEFI firmware, two disks and logical volumes', () => {
  it('are captured and loaded onto larger disks: each disk at its place, and firmware that knows nothing of them boots the first', async () => {
    const captured = await imprint.client.startCapture({
      ...{ node: 'lab-3', image: 'uefi', operatingSystem: 'debian12', author: 'test', after: 'leaveOff' },
    } as const);
    await captured.result();
    const loaded = await imprint.client.startLoad({ node: 'lab-4', image: 'uefi' });
    await loaded.result();
    expect(await imprint.client.nodeStatus('lab-4')).toMatchObject({ status: 'READY', currentimage: 'uefi-v1' });

    await (await imprint.client.power({ node: 'lab-4', action: 'off' })).result();
    const disk = await rawCopy(target.disks[1]?.path ?? '');
    expect(await readDataDisk(imprint.root, disk)).toEqual(keptOnDataDisk);
    expect(await xfsBytes(imprint.root, disk)).toBeGreaterThan(0.6 * GiB);
  });
});

async function rawCopy(disk: string): Promise<string> {
  const copy = join(imprint.root, 'copy.raw');
  await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, copy]);
  return copy;
}
