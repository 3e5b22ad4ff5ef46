import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerConfig } from '../../src/config.ts';
import { ConflictError } from '../../src/domain/errors.ts';
import { removeOrders } from '../../src/library/imaging-orders.ts';
import type { Imaging, ImagingOrder } from '../../src/provisioners/baremetal/imaging.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { createImagingOrders } from '../../src/worker/imaging-orders.ts';

const captureOf = (epoch: number): ImagingOrder => ({
  run: 'captureImage/lab-07/1',
  epoch,
  step: 'capture-disks',
  node: 'lab-07',
  macAddresses: ['52:54:00:12:34:56'],
  work: {
    kind: 'capture',
    disks: [{ name: 'sda', select: { serial: 'S1', sizeBytes: 1024 }, file: '/srv/imprint/.staging/x/sda.chunks' }],
    expected: [{ name: 'sda', tableDigest: 'ab', fileSystems: [{ uuid: 'u', type: 'ext4', mountCount: 4 }] }],
  },
});

const loadOf = (run: string): ImagingOrder => ({
  ...captureOf(1),
  run,
  step: 'load-disks',
  work: {
    kind: 'load',
    disks: [{ name: 'sda', select: { path: '/dev/sda' }, file: '/srv/imprint/web-v1/sda.chunks', sizeBytes: 1024 }],
    grow: true,
    hostKeys: true,
  },
});

describe('the orders of bare metal, in the library of their management node', () => {
  let library: string;
  let orders: Imaging;
  const configured = (address?: string): Imaging =>
    createImagingOrders({ IMPRINT_LIBRARY: library, IMPRINT_IMAGING_ADDRESS: address } as WorkerConfig);

  beforeEach(async () => {
    library = await mkdtemp(join(tmpdir(), 'imprint-orders-'));
    orders = configured('192.0.2.1');
  });

  afterEach(() => rm(library, { recursive: true, force: true }));

  it('are what the imaging server takes, are placed twice as once, and are gone when they were withdrawn', async () => {
    for (const order of [captureOf(1), loadOf('loadNode/lab-07/1')]) {
      expect(await orders.progress(order)).toBeUndefined();
      await orders.order(order);
      await orders.order(order);
      expect(await orders.progress(order)).toMatchObject({ state: 'waiting', bytesDone: 0, at: 0 });
      await orders.withdraw(order);
      await orders.withdraw(order);
      expect(await orders.progress(order)).toBeUndefined();
    }
  });

  it('are refused to an attempt that was superseded, and to another run while one is open for the same card', async () => {
    await orders.order(captureOf(2));
    await expect(orders.order(captureOf(1))).rejects.toThrow(ConflictError);
    await expect(orders.withdraw(captureOf(1))).rejects.toThrow(ConflictError);
    await expect(orders.order(loadOf('loadNode/lab-07/1'))).rejects.toThrow(/is named by an open order/);
    await orders.order(captureOf(3));
  });

  it('stay when they are stopped, and are open again when they are placed again', async () => {
    await orders.order(captureOf(2));
    await expect(orders.stop(captureOf(1), 'late')).rejects.toThrow(ConflictError);
    await orders.stop(captureOf(2), 'its library is full');
    await orders.stop(captureOf(2), 'its library is full');
    expect(await orders.progress(captureOf(2))).toMatchObject({ state: 'stopped', words: 'its library is full' });
    await orders.order(captureOf(2));
    expect(await orders.progress(captureOf(2))).toMatchObject({ state: 'waiting' });
    await orders.withdraw(captureOf(2));
    await orders.stop(captureOf(2), 'of nothing');
  });

  it('of a run that is over are removed, and no other run’s', async () => {
    await orders.order(captureOf(1));
    await orders.order({ ...loadOf('loadNode/lab-08/1'), macAddresses: ['52:54:00:12:34:57'] });
    expect(await orders.otherRun(['52:54:00:12:34:56'], 'captureImage/lab-07/1')).toBeUndefined();
    expect(await orders.otherRun(['52:54:00:12:34:56'], 'loadNode/lab-07/1')).toBe('captureImage/lab-07/1');
    const place = { name: 'mn-a', root: library, shell: createLocalShell() };
    const context = { signal: new AbortController().signal, progress: () => undefined };
    expect(await removeOrders(place, 'captureImage/lab-07/1', context)).toBe(1);
    expect(await removeOrders(place, 'captureImage/lab-07/1', context)).toBe(0);
    expect(await orders.progress(captureOf(1))).toBeUndefined();
    expect(await orders.progress(loadOf('loadNode/lab-08/1'))).toMatchObject({ state: 'waiting' });
  });

  it('are known to come to nothing on a management node that serves no machines', () => {
    expect(orders.problems()).toEqual([]);
    expect(configured().problems()).toMatchObject([{ where: 'IMPRINT_IMAGING_ADDRESS' }]);
  });
});
