import { describe, expect, it } from 'vitest';
import type { Computer } from '../../../../src/domain/computer.ts';
import { InvalidInputError } from '../../../../src/domain/errors.ts';
import { readSettings, settingsProblems } from '../../../../src/provisioners/libvirt/settings.ts';

const computerWith = (settings: Record<string, unknown>): Computer => ({
  id: 1,
  name: 'lab-07',
  managementNode: 'mn-a',
  provisioningSystem: 'libvirt',
  address: '127.0.0.1',
  sshPort: 22,
  macAddresses: [],
  memoryMiB: 512,
  cpus: 1,
  settings,
  state: 'available',
});

describe('settings of a libvirt computer', () => {
  it('need no more than the directory of the disks', () => {
    expect(readSettings(computerWith({ diskDirectory: '/srv/imprint/disks' }))).toEqual({
      host: { kind: 'local' },
      uri: 'qemu:///system',
      diskDirectory: '/srv/imprint/disks',
      library: 'same path as the management node',
      clone: 'copy-on-write',
      diskBus: 'virtio',
      networkModel: 'virtio',
      network: { kind: 'network', name: 'default' },
      accelerator: 'kvm',
      shutdownSeconds: 120,
    });
  });

  it('fill in what a host over SSH and a forward leave out', () => {
    const settings = readSettings(
      computerWith({
        diskDirectory: '/d',
        host: { kind: 'ssh', address: 'kvm-01', keySecret: 'kvm-key', hostKeys: ['ssh-ed25519 AAAA'] },
        network: { kind: 'user', forwards: [{ hostPort: 2207, guestPort: 22 }] },
      }),
    );

    expect(settings.host).toMatchObject({ port: 22, user: 'root' });
    expect(settings.network).toMatchObject({ forwards: [{ hostAddress: '127.0.0.1' }] });
  });

  it('are refused with every problem at its place', () => {
    const problems = settingsProblems(
      computerWith({
        diskDirectory: 'disks',
        uri: 'qemu+ssh://elsewhere/system',
        clone: 'twice',
        network: { kind: 'user', forwards: [{ hostPort: 0, guestPort: 22 }] },
        libary: {},
      }),
    );

    expect(problems.map(({ where }) => where).sort()).toEqual([
      'settings',
      'settings.clone',
      'settings.diskDirectory',
      'settings.network.forwards.0.hostPort',
      'settings.uri',
    ]);
    expect(problems.every(({ problem }) => problem.length > 5)).toBe(true);
  });

  it.each([
    ['a directory that climbs', { diskDirectory: '/srv/../etc' }],
    ['a bridge that is an option', { diskDirectory: '/d', network: { kind: 'bridge', bridge: '-x,y' } }],
    [
      'a host without its keys',
      { diskDirectory: '/d', host: { kind: 'ssh', address: 'a', keySecret: 'k', hostKeys: [] } },
    ],
    ['an IDE disk on q35', { diskDirectory: '/d', diskBus: 'ide', machine: 'q35' }],
    ['no directory at all', {}],
  ])('refuse %s', (_what, settings) => {
    expect(settingsProblems(computerWith(settings))).toHaveLength(1);
    expect(() => readSettings(computerWith(settings))).toThrow(InvalidInputError);
  });
});
