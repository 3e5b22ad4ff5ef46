import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrivateLibvirt, stopPrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory, type StateDirectory } from '../../src/platform/state-directory.ts';
import { skipWithout } from '../support/unavailable.ts';

const states: StateDirectory[] = [];

/** A machine that does nothing: it has no disk to boot from. */
const machine = `
  <domain type='qemu'>
    <name>idle</name><memory unit='MiB'>16</memory>
    <os><type arch='x86_64' machine='pc'>hvm</type></os>
  </domain>`;

const open = async (): Promise<StateDirectory> => {
  const state = await openStateDirectory(await mkdtemp(join(tmpdir(), 'imprint-private-libvirt-')));
  states.push(state);
  return state;
};
const ensure = async (state: StateDirectory) => await ensurePrivateLibvirt(state, createProgressReporter());
const machines = async (uri: string): Promise<string> =>
  (await execa('virsh', ['--connect', uri, 'list', '--all', '--name'])).stdout.trim();
const define = async (state: StateDirectory, uri: string): Promise<void> => {
  const file = join(state.path, 'idle.xml');
  await writeFile(file, machine);
  await execa('virsh', ['--connect', uri, 'define', file]);
};

beforeEach((context) => skipWithout(context, 'vm'));
afterEach(async () => {
  for (const state of states.splice(0)) {
    await stopPrivateLibvirt(state);
    await rm(state.path, { recursive: true, force: true });
  }
});

describe('a private libvirt', () => {
  it('shares no machine with that of another state directory', async () => {
    const state = await open();
    const [mine, other] = [await ensure(state), await ensure(await open())];
    await define(state, mine.uri);

    expect(mine.uri).not.toBe(other.uri);
    expect(await machines(mine.uri)).toBe('idle');
    expect(await machines(other.uri)).toBe('');
  });

  it('is found by a second start, and keeps its machines over a stop', async () => {
    const state = await open();
    const first = await ensure(state);
    await define(state, first.uri);

    expect(await ensure(state)).toMatchObject({ uri: first.uri, started: false });

    await stopPrivateLibvirt(state);

    expect(await ensure(state)).toMatchObject({ uri: first.uri, started: true });
    expect(await machines(first.uri)).toBe('idle');
  });

  it('ends its running machines when it is stopped, and leaves no process', async () => {
    const state = await open();
    const { uri } = await ensure(state);
    await define(state, uri);
    await execa('virsh', ['--connect', uri, 'start', 'idle']);

    await stopPrivateLibvirt(state);
    await stopPrivateLibvirt(state);

    const { stdout } = await execa('ps', ['-eo', 'stat=,args=']);
    const left = stdout.split('\n').filter((line) => line.includes(state.path) && !line.startsWith('Z'));
    expect(left).toEqual([]);
  });
});
