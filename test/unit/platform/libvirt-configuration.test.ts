import { lstat, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareLibvirtPlaces, qemuConfiguration } from '../../../src/platform/libvirt-configuration.ts';

let home: string;
const sockets: string[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'imprint-libvirt-'));
});
afterEach(async () => {
  for (const directory of [home, ...sockets.splice(0)]) await rm(directory, { recursive: true, force: true });
});

const prepare = async (path: string) => {
  const places = await prepareLibvirtPlaces(path);
  sockets.push(places.sockets);
  return places;
};

describe('the places of a private libvirt', () => {
  it('are the same at every call, and others for another clone', async () => {
    const first = await prepare(home);

    expect(await prepare(home)).toEqual(first);
    expect((await prepare(join(home, 'other'))).sockets).not.toBe(first.sockets);
  });

  it('keep sockets in a short directory of ours alone, however deep the state directory lies', async () => {
    const places = await prepare(join(home, 'a'.repeat(90)));
    const found = await lstat(places.sockets);

    // The longest of libvirt's: c/libvirt/qemu/lib/domain-NN-NAME/monitor.sock.
    expect(places.sockets.length).toBeLessThan(50);
    expect(found.mode & 0o777).toBe(0o700);
    expect(await readlink(join(places.sockets, 'c'))).toBe(join(places.home, 'etc'));
  });

  it('name the sockets in the configuration of the daemon', async () => {
    const places = await prepare(home);
    const text = await readFile(join(home, 'etc/libvirt/libvirtd.conf'), 'utf8');

    expect(text).toContain(`unix_sock_dir = "${places.sockets}"`);
  });
});

describe('qemu.conf', () => {
  it('names a user only for root: an ordinary user may not change it', () => {
    expect(qemuConfiguration(true)).toContain('user = "root"');
    expect(qemuConfiguration(false)).not.toContain('user =');
  });
});
