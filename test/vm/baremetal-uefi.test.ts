import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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
let loaded: BareMachine;

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
  loaded = await imprint.machine(target);
  await imprint.addNode(first, await source.firstBoot());
  await takeFallbackAway('lab-3');
  await imprint.addNode(target);
});
afterAll(async () => await close());
beforeEach((context) => skipWithout(context, ...needs));

describe('a machine with UEFI firmware, two disks and logical volumes', () => {
  it('is captured as one image of both disks', async () => {
    const run = await imprint.client.startCapture({
      ...{ node: 'lab-3', image: 'uefi', operatingSystem: 'debian12', author: 'test', after: 'leaveOff' },
    } as const);
    await run.result();

    const { manifest } = await imprint.catalog.revisions.resolve({ image: 'uefi' });
    expect(manifest?.disks.map(({ file }) => file)).toEqual(['sda.chunks', 'sdb.chunks']);
    expect(await source.virsh('domstate')).toBe('shut off');
    const copied = (await imprint.catalog.runs.steps(run.id)).find(({ title }) => title.startsWith('Copy sda, sdb'));
    // A file system or a volume that was not understood would be read whole, and said here.
    expect(copied?.evidence?.['notes']).toEqual([]);
  });

  it('is loaded onto larger disks, each at its place, and firmware that knows nothing of them boots the first', async () => {
    const run = await imprint.client.startLoad({ node: 'lab-4', image: 'uefi' });
    await run.result();

    // Its loader was not where such firmware looks: the environment has put it there.
    const written = (await imprint.catalog.runs.steps(run.id)).find(({ title }) => title.startsWith('Overwrite'));
    // The kernel gives names to disks in the order in which it finds them.
    expect(written?.evidence?.['notes']).toContainEqual(
      expect.stringMatching(/^\/dev\/sd[ab]1 starts EFI\/debian\/grubx64\.efi by the fallback path$/),
    );
    expect(await imprint.client.nodeStatus('lab-4')).toMatchObject({ status: 'READY', currentimage: 'uefi-v1' });
    await loaded.virsh('destroy');
    const disk = await rawCopy(target.disks[1]?.path ?? '');
    expect(await readDataDisk(imprint.root, disk)).toEqual(keptOnDataDisk);
    expect(await xfsBytes(imprint.root, disk)).toBeGreaterThan(0.6 * GiB);
  });
});

/** As on a machine whose firmware knows its loader by an entry of its own: what other firmware looks for is not there. */
async function takeFallbackAway(node: string): Promise<void> {
  const shell = await imprint.shellTo(node);
  const inGuest = { signal: new AbortController().signal, timeoutMs: 120_000 };
  // Its keys are printed before its SSH server answers.
  await vi.waitFor(async () => await shell.run('true', [], inGuest), { timeout: 5 * 60_000, interval: 1_000 });
  const move = 'mkdir /mnt/EFI/debian; mv /mnt/EFI/BOOT/BOOTX64.EFI /mnt/EFI/debian/grubx64.efi';
  await shell.run('sh', ['-ec', `mount LABEL=EFI /mnt; ${move}; umount /mnt`], inGuest);
}

async function rawCopy(disk: string): Promise<string> {
  const copy = join(imprint.root, 'copy.raw');
  await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, copy]);
  return copy;
}
