import { describe, expect, it } from 'vitest';
import type { DiskFiles, FileSystemState } from '../../../../src/domain/disk-files.ts';
import { sealChecks } from '../../../../src/os/linux/seal-checks.ts';

type Content = Readonly<Record<string, string>>;

const sealed: Content = {
  '/etc/passwd': 'root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
  '/etc/fstab': 'UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n# /old none swap sw 0 0\n',
  '/etc/machine-id': '',
  '/etc/ssh/sshd_config': '',
  '/etc/systemd/system/multi-user.target.wants/imprint-first-boot.service': '',
  '/usr/local/lib/imprint/first-boot': '#!/bin/sh\n',
  '/root/currentimage.txt': 'web-v3\nid=7\nimagerevision_id=12\n',
  '/root/.bashrc': '',
  '/tmp/systemd-private-1/tmp/x': '',
  '/tmp/.X11-unix/x': '',
  '/var/tmp/systemd-private-1/x': '',
  '/var/log/journal': '',
  '/var/lib/imprint/removed-users': 'ann:1000:/home/ann\n',
};
const expected = { revisionName: 'web-v3', revisionId: 12, removedUsers: [] };

function disk(content: Content, fileSystem: FileSystemState = { type: 'ext4', clean: true }): DiskFiles {
  return {
    read: (path) => Promise.resolve(content[path]),
    list: (path) => {
      const below = Object.keys(content).filter((file) => file.startsWith(`${path}/`));
      const names = new Set(below.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''));
      return Promise.resolve(names.size === 0 ? undefined : [...names]);
    },
    fileSystem: () => Promise.resolve(fileSystem),
  };
}

async function failedChecks(files: DiskFiles, more: Partial<typeof expected> = {}): Promise<readonly string[]> {
  const checks = await sealChecks(files, { ...expected, ...more });
  return checks.filter(({ outcome }) => outcome !== 'passed').map(({ check, outcome }) => `${check} ${outcome}`);
}

describe('the seal of a Linux disk', () => {
  it('is whole when nothing of the captured machine is left', async () => {
    expect(await failedChecks(disk(sealed))).toEqual([]);
  });

  it.each<[string, Content]>([
    ['machine-id', { '/etc/machine-id': '0123456789abcdef0123456789abcdef\n' }],
    ['machine-id', { '/var/lib/dbus/machine-id': '0123456789abcdef0123456789abcdef\n' }],
    ['random-seed', { '/var/lib/systemd/random-seed': 'x' }],
    ['ssh-host-keys', { '/etc/ssh/ssh_host_rsa_key': 'x' }],
    ['ssh-host-keys', { '/etc/ssh/ssh_host_rsa_key.pub': 'x' }],
    ['users', { '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n' }],
    ['users', { '/home/ann/file': 'x' }],
    ['swap', { '/swapfile': 'x' }],
    ['swap', { '/etc/fstab': '/data/swap none swap sw 0 0\n' }],
    ['temporary-files', { '/tmp/left': 'x' }],
    ['temporary-files', { '/var/tmp/left/file': 'x' }],
    ['histories', { '/root/.bash_history': 'x' }],
    ['journal', { '/var/log/journal/0123/system.journal': 'x' }],
    ['currentimage', { '/root/currentimage.txt': 'web-v2\nimagerevision_id=12\n' }],
    ['currentimage', { '/root/currentimage.txt': 'web-v3\nimagerevision_id=11\n' }],
    ['currentimage', { '/root/currentimage.txt': 'web-v3\nimagerevision_id=12\nvcld_post_load=success (x)\n' }],
  ])('is broken (%s) by %j', async (check, content) => {
    expect(await failedChecks(disk({ ...sealed, ...content }))).toEqual([`${check} failed`]);
  });

  it('is whole with what the exclude list of the image keeps, and with nothing else', async () => {
    const kept = {
      '/etc/imprint/exclude-list': '/tmp/kept/file\n/home/ann\n',
      '/tmp/kept/file': '',
      '/home/ann/x': '',
    };

    expect(await failedChecks(disk({ ...sealed, ...kept }))).toEqual([]);
    expect(await failedChecks(disk({ ...sealed, ...kept, '/tmp/other': '' }))).toEqual(['temporary-files failed']);
  });

  it('is broken by a file system that was not unmounted', async () => {
    expect(await failedChecks(disk(sealed, { type: 'ext4', clean: false }))).toEqual(['file-system failed']);
  });

  it('is broken when nothing makes host keys at the first boot', async () => {
    const { '/usr/local/lib/imprint/first-boot': _script, ...without } = sealed;

    expect(await failedChecks(disk(without))).toEqual(['first-boot failed']);
  });

  it('looks only for the accounts that were to be removed when they are named', async () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n';
    const files = disk({ ...sealed, '/etc/passwd': passwd, '/home/bob/x': '' });

    expect(await failedChecks(files, { removedUsers: ['ann'] as never })).toEqual([]);
    expect(await failedChecks(files, { removedUsers: ['bob'] as never })).toEqual(['users failed']);
  });

  it('is unknown, never whole, where nothing could be read', async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error('no ext file system'));
    const checks = await sealChecks({ read: refuse, list: refuse, fileSystem: refuse }, expected);

    expect(new Set(checks.map(({ outcome }) => outcome))).toEqual(new Set(['unknown']));
    expect(checks[0]?.found).toBe('could not be read: no ext file system');
  });

  it('is unknown for accounts and directories that every system has, when they are missing', async () => {
    expect(await failedChecks(disk({ '/etc/machine-id': '' }))).toEqual(
      expect.arrayContaining([
        'users unknown',
        'histories unknown',
        'temporary-files unknown',
        'ssh-host-keys unknown',
      ]),
    );
  });
});
