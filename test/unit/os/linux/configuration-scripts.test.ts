import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedTasks } from '../../../../src/os/linux/access-tasks.ts';
import { cleaningTasks } from '../../../../src/os/linux/cleaning-tasks.ts';
import { debian } from '../../../../src/os/linux/debian.ts';
import { cleanFunction, excludeFunctions } from '../../../../src/os/linux/exclude-list.ts';
import type { TaskOutcome } from '../../../../src/os/operating-system.ts';
import { createFakeRoot, type FakeRoot } from '../../../support/fake-root.ts';

let fake: FakeRoot;
let root: string;

beforeEach(async () => {
  fake = await createFakeRoot();
  root = fake.path;
});
afterEach(async () => {
  await fake.remove();
});

const file: FakeRoot['file'] = async (...args) => {
  await fake.file(...args);
};
const content: FakeRoot['content'] = async (path) => await fake.content(path);

/** Runs one task on files below `root` instead of the machine's own. */
async function runTask(shellFunction: string): Promise<TaskOutcome | undefined> {
  const functions = `${excludeFunctions}${cleanFunction}${inheritedTasks}${cleaningTasks}${debian.functions}`;
  return await fake.runTask(functions, shellFunction);
}

const enabledNetworkd = 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service';

describe('the network of Debian and Ubuntu', () => {
  it('stays when it names no card', async () => {
    await file('etc/systemd/network/80-any.network', '[Match]\nName=en*\n[Network]\nDHCP=yes\n');
    await file(
      'etc/netplan/90-default.yaml',
      'network:\n  ethernets:\n    all:\n      match: {name: "en*"}\n      dhcp4: true\n',
    );
    await file('etc/network/interfaces', 'auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n');

    expect(await runTask('network')).toMatchObject({ outcome: 'unchanged' });
  });

  it.each([
    ['etc/systemd/network/10-static.network', '[Match]\nName=ens3\n[Network]\nAddress=10.0.0.7/24\n'],
    ['etc/systemd/network/10-mac.network', '[Match]\nMACAddress=52:54:00:00:00:01\n[Network]\nDHCP=yes\n'],
  ])('becomes DHCP on any card where systemd-networkd names one: %s', async (path, text) => {
    await file(path, text);
    await file(enabledNetworkd, '');

    expect(await runTask('network')).toMatchObject({ outcome: 'changed' });
    expect(await content(path)).toBeUndefined();
    expect(await content(`${path}.before-imprint`)).toBe(text);
    expect(await content('etc/systemd/network/80-imprint-ethernet.network')).toContain('Type=ether');
    expect(await runTask('network')).toMatchObject({ outcome: 'unchanged' });
  });

  it('becomes DHCP on any card where ifupdown names one', async () => {
    await file('etc/network/interfaces', 'auto lo\niface lo inet loopback\nsource interfaces.d/*\n');
    await file('etc/network/interfaces.d/ens3', 'auto ens3\niface ens3 inet static\n  address 10.0.0.7/24\n');
    await file('bin/systemctl', `#!/bin/sh\necho "$@" >>${root}/enabled\n`, 0o755);

    expect(await runTask('network')).toMatchObject({ outcome: 'changed' });
    expect(await content('etc/network/interfaces')).toBe('auto lo\niface lo inet loopback\n');
    expect(await content('etc/network/interfaces.d/ens3')).toBeUndefined();
    expect(await content('etc/network/ens3.before-imprint')).toContain('10.0.0.7');
    expect(await content('enabled')).toBe('enable systemd-networkd.service\n');
  });

  it.each([
    ['a name', 'network:\n  ethernets:\n    ens3:\n      dhcp4: true\n'],
    ['a MAC address', 'network:\n  ethernets:\n    ens3:\n      match:\n        macaddress: 52:54:00:00:00:01\n'],
  ])('becomes DHCP on any card where netplan has %s', async (_what, text) => {
    await file('etc/netplan/50-cloud-init.yaml', text);

    expect(await runTask('network')).toMatchObject({ outcome: 'changed' });
    expect(await content('etc/netplan/50-cloud-init.yaml')).toBeUndefined();
    expect(await content('etc/netplan/99-imprint.yaml')).toContain('name: "e*"');
    expect(await runTask('network')).toMatchObject({ outcome: 'unchanged' });
  });

  it('keeps the profiles of NetworkManager, for any card', async () => {
    const profile = 'etc/NetworkManager/system-connections/wired.nmconnection';
    await file(
      profile,
      '[connection]\ntype=ethernet\ninterface-name=ens3\n[ethernet]\nmac-address=52:54:00:00:00:01\n',
    );

    expect(await runTask('network')).toMatchObject({ outcome: 'changed' });
    expect(await content(profile)).toBe('[connection]\ntype=ethernet\n[ethernet]\n');
  });
});

describe('the initramfs', () => {
  beforeEach(async () => {
    await file(
      'bin/update-initramfs',
      `#!/bin/sh\necho "$@" >>${root}/calls\ntouch ${root}/boot/initrd.img-$3\necho x >${root}/boot/initrd.img-$3\n`,
      0o755,
    );
    await file('boot/vmlinuz-6.1', 'kernel');
    await file('boot/initrd.img-6.1', 'initramfs');
    await file('etc/initramfs-tools/initramfs.conf', 'MODULES=most\n');
    await utimes(join(root, 'etc/initramfs-tools/initramfs.conf'), new Date(0), new Date(0));
  });

  it('is left alone when it has all drivers and is newer than its configuration', async () => {
    expect(await runTask('initramfs')).toMatchObject({ outcome: 'unchanged' });
    expect(await content('calls')).toBeUndefined();
  });

  it('gets all drivers when a file of the directory asked for those of this machine, and is made once', async () => {
    await file('etc/initramfs-tools/conf.d/driver-policy', 'MODULES=dep\n');
    await utimes(join(root, 'boot/initrd.img-6.1'), new Date(1_000), new Date(1_000));

    expect(await runTask('initramfs')).toMatchObject({ outcome: 'changed' });
    expect(await content('calls')).toBe('-c -k 6.1\n');
    expect(await content('etc/initramfs-tools/conf.d/zz-imprint')).toBe('MODULES=most\n');
    expect(await runTask('initramfs')).toMatchObject({ outcome: 'unchanged' });
  });

  it('gets the modules that the site wants, is made anew when the site wants them no more, and refuses unknown ones', async () => {
    await file('bin/modinfo', '#!/bin/sh\n[ "$3" != unknown ]\n', 0o755);
    await utimes(join(root, 'boot/initrd.img-6.1'), new Date(1_000), new Date(1_000));

    expect(await runTask('initramfs "nvme ice"')).toMatchObject({ outcome: 'changed' });
    const hook = 'etc/initramfs-tools/hooks/imprint-site';
    expect(await content(hook)).toContain('manual_add_modules nvme ice\n');
    expect(await fake.mode(hook)).toBe(0o755);
    expect(await runTask('initramfs "nvme ice"')).toMatchObject({ outcome: 'unchanged' });

    await utimes(join(root, 'boot/initrd.img-6.1'), new Date(1_000), new Date(1_000));
    expect(await runTask('initramfs ""')).toMatchObject({ outcome: 'changed' });
    expect(await content(hook)).toBeUndefined();
    expect(await content('calls')).toBe('-c -k 6.1\n-c -k 6.1\n');

    expect(await runTask('initramfs "nvme unknown"')).toMatchObject({
      outcome: 'failed',
      detail: 'no kernel has the module unknown',
    });
  });

  it('is made where a kernel has none, and says so when it could not be', async () => {
    await rm(join(root, 'boot/initrd.img-6.1'));
    await file('bin/update-initramfs', '#!/bin/sh\nexit 1\n', 0o755);

    expect(await runTask('initramfs')).toMatchObject({
      outcome: 'failed',
      detail: 'could not make the initramfs of 6.1',
    });
  });
});

describe('swap files', () => {
  const fstab = 'UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n';

  it('go with their lines of fstab; swap partitions stay', async () => {
    await file('swap/file', 'x');
    await file('etc/fstab', `${fstab}${root}/swap/file none swap sw 0 0\n`);
    await file('proc/swaps', 'Filename Type Size Used Priority\n/dev/vda2 partition 1 0 -2\n');

    expect(await runTask('remove_swap_files')).toMatchObject({
      outcome: 'changed',
      detail: '1 swap files removed; their lines of fstab removed; swap partitions stay: /dev/vda2',
    });
    expect(await content('swap/file')).toBeUndefined();
    expect(await content('etc/fstab')).toBe(fstab);
    expect(await runTask('remove_swap_files')).toMatchObject({ outcome: 'unchanged' });
  });

  it('stay when one could not be turned off', async () => {
    await file('swap/file', 'x');
    await file('etc/fstab', fstab);
    await file('proc/swaps', `Filename Type Size Used Priority\n${root}/swap/file file 1 0 -2\n`);
    await file('bin/swapoff', '#!/bin/sh\nexit 1\n', 0o755);

    expect(await runTask('remove_swap_files')).toMatchObject({ outcome: 'failed' });
    expect(await content('swap/file')).toBe('x');
  });
});

describe('fstab', () => {
  it('loses the mounts that were added for one reservation, which are unmounted first', async () => {
    await file('etc/fstab', 'UUID=1 / ext4 defaults 0 1\nserver:/a /mnt nfs rw 0 0 # imprint:temporary\n');
    await file('proc/mounts', 'server:/a /mnt/a nfs4 rw 0 0\n/dev/vda1 / ext4 rw 0 0\n');
    await file('bin/umount', `#!/bin/sh\necho "$@" >>${root}/calls\n`, 0o755);

    expect(await runTask('unmount_nfs')).toMatchObject({ outcome: 'changed' });
    expect(await content('calls')).toBe('/mnt/a\n');
    expect(await content('etc/fstab')).toBe('UUID=1 / ext4 defaults 0 1\n');
  });

  it('names disks by UUID, because another bus gives them other names', async () => {
    await file('etc/fstab', '/dev/vda1 / ext4 defaults 0 1\n/dev/vda15 /boot/efi vfat defaults 0 1\n');
    await file('proc/cmdline', 'root=/dev/vda1 ro');
    await file('bin/blkid', '#!/bin/sh\necho uuid-of-$5 | tr -d /\n', 0o755);

    expect((await runTask('disk_names'))?.detail).toMatch(/the boot loader names the root disk/);
    expect(await content('etc/fstab')).toBe(
      'UUID=uuid-of-devvda1 / ext4 defaults 0 1\nUUID=uuid-of-devvda15 /boot/efi vfat defaults 0 1\n',
    );
  });
});
