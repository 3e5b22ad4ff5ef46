import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endBareMachine, makeBareMachine, type BareMachine } from '../../../src/demo/bare-machine.ts';
import { freePort } from '../../support/free-port.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let home: string;
let directory: string;
let machine: BareMachine;
const isMissing = (): boolean => whyUnavailable('vm') !== undefined || whyUnavailable('imaging') !== undefined;

beforeAll(async () => {
  if (isMissing()) return;
  home = await mkdtemp(join(tmpdir(), 'imprint-bare-machine-'));
  // A comma ends a value of QEMU's, a blank a word of the shell's.
  directory = join(home, 'bare, machine');
  const path = join(home, 'disk.qcow2');
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
  const disk = { path, serial: 'EMPTY', bus: 'sata' } as const;
  const card = { mac: '52:54:00:de:00:09', card: 'virtio', sshPort: await freePort(), tftp: home } as const;
  machine = await makeBareMachine(directory, { name: 'bare', accelerator: 'tcg', disk, ...card });
});
afterAll(async () => {
  if (isMissing()) return;
  await endBareMachine(directory);
  await rm(home, { recursive: true, force: true });
});
beforeEach((context) => skipWithout(context, 'vm', 'imaging'));

const press = async (...words: readonly string[]): Promise<string> =>
  (await execa(machine.program, ['0x20', ...words])).stdout;
const pid = async (): Promise<string> => await readFile(join(directory, 'pid'), 'utf8');

describe('the power switch of a machine of the demo', () => {
  it('powers it on, resets it and cuts its power, each once and once more', async () => {
    expect(await press('get', 'power')).toBe('power:0');
    for (const again of [1, 2]) {
      await press('set', 'power', '1');
      expect(await press('get', 'power'), `on, time ${String(again)}`).toBe('power:1');
    }
    const before = await pid();
    await machine.reset();
    expect(await press('get', 'power')).toBe('power:1');
    expect(await pid()).not.toBe(before);
    for (const again of [1, 2]) {
      await endBareMachine(directory);
      expect(await press('get', 'power'), `off, time ${String(again)}`).toBe('power:0');
    }
    await machine.reset();
    expect(await press('get', 'power')).toBe('power:0');
  });

  it('keeps what was chosen to boot from, over a reset', async () => {
    await press('set', 'boot', 'pxe');
    await press('set', 'power', '1');
    await machine.reset();
    expect(await press('get', 'boot')).toBe('boot:pxe');
    const command = await readFile(`/proc/${(await pid()).trim()}/cmdline`, 'utf8');
    expect(command).toContain('52:54:00:de:00:09,bootindex=1');
  });

  it('ends no other process that has got its number', async () => {
    await endBareMachine(directory);
    const other = execa('sleep', ['1000'], { reject: false });
    await writeFile(join(directory, 'pid'), `${String(other.pid)}\n`);
    expect(await press('get', 'power')).toBe('power:0');
    await press('set', 'power', '0');
    // A process that was ended already has another signal to tell of.
    other.kill('SIGTERM');
    expect((await other).signal).toBe('SIGTERM');
  });

  it('is nothing to be ended where no machine was ever made', async () => {
    await endBareMachine(join(home, 'nothing'));
  });
});
