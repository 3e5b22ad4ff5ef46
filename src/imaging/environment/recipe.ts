/** All that decides what is in the environment, beside the agent's files and what Debian has at the time. */
export interface EnvironmentRecipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Absolute paths; their libraries come along. */
  readonly programs: readonly string[];
  /** Copied as they are: what no program names as its library. */
  readonly files: readonly string[];
  /** Copied with all files below them. */
  readonly directories: readonly string[];
  /** Beginnings of paths below `/lib/modules/VERSION/kernel`; what these modules depend on comes along. */
  readonly modules: readonly string[];
}

export const environmentRecipe: EnvironmentRecipe = {
  suite: 'bookworm',
  packages: [
    ...['linux-image-amd64', 'busybox-static', 'kmod', 'libgcc-s1', 'curl', 'openssl', 'openssh-client'],
    ...['perl', 'libio-socket-ssl-perl'],
    ...['partclone', 'zstd', 'fdisk', 'util-linux', 'e2fsprogs', 'xfsprogs', 'btrfs-progs', 'ntfs-3g'],
    ...['lvm2', 'dmsetup'],
  ],
  programs: [
    ...['/bin/kmod', '/usr/bin/perl', '/usr/bin/curl', '/usr/bin/openssl', '/usr/bin/ssh-keygen'],
    ...['extfs', 'xfs', 'btrfs', 'ntfs', 'fat', 'exfat'].map((name) => `/usr/sbin/partclone.${name}`),
    ...['/usr/bin/zstd', '/sbin/sfdisk', '/sbin/blkid', '/sbin/blockdev', '/usr/bin/partx', '/sbin/mkswap'],
    ...['/sbin/dumpe2fs', '/sbin/e2fsck', '/sbin/resize2fs', '/usr/sbin/xfs_growfs', '/bin/btrfs', '/sbin/ntfsresize'],
    ...['/sbin/lvm', '/sbin/dmsetup'],
  ],
  // busybox is linked statically. The library is loaded only when a thread ends: without it partclone aborts at its end, with a complete map and status 134.
  files: ['/bin/busybox', '/lib/x86_64-linux-gnu/libgcc_s.so.1', '/usr/share/perl/5.36/HTTP/Tiny.pm'],
  // Of Perl what the program needs that moves the chunks. Its modules load others when they are first needed.
  directories: [
    ...['/usr/lib/x86_64-linux-gnu/perl-base', '/usr/lib/x86_64-linux-gnu/perl5/5.36', '/usr/share/perl5/IO/Socket'],
  ],
  modules: [
    ...paths('drivers', [
      'ata',
      'block/virtio_blk',
      'block/xen-blkfront',
      'nvme/host',
      'message/fusion',
      'virtio',
      'hv',
    ]),
    ...paths('drivers', ['md/dm-mod', 'mmc/core', 'mmc/host/sdhci', 'net/virtio_net', 'net/vmxnet3', 'net/hyperv']),
    ...paths('drivers', ['net/xen-netfront', 'net/phy/realtek', 'net/phy/broadcom']),
    ...paths('drivers/scsi', ['sd_mod', 'virtio_scsi', 'vmw_pvscsi', 'hv_storvsc', 'xen-scsifront', 'sym53c8xx_2']),
    ...paths('drivers/scsi', [
      'megaraid',
      'mpt3sas',
      'hpsa',
      'smartpqi',
      'aacraid',
      'arcmsr',
      'isci',
      'mvsas',
      'pm8001',
      '3w-',
    ]),
    ...paths('drivers/net/ethernet/intel', ['e1000', 'e1000e', 'igb', 'igc', 'ixgbe', 'i40e', 'iavf']),
    ...paths('drivers/net/ethernet', [
      'realtek',
      'broadcom/tg3',
      'broadcom/bnxt',
      'amd/pcnet32',
      'atheros',
      'marvell/sky2',
    ]),
    ...paths('drivers/net/ethernet', ['nvidia', 'amazon', 'cisco', 'emulex', 'mellanox/mlx4', 'mellanox/mlx5', 'dec']),
    ...paths('fs', [
      'ext4',
      'xfs',
      'btrfs',
      'fat',
      'nls/nls_cp437',
      'nls/nls_ascii',
      'nls/nls_iso8859-1',
      'nls/nls_utf8',
    ]),
    // What file systems ask for by name, which no module depends on.
    ...paths('crypto', ['crc32c', 'xxhash', 'blake2b', 'sha256']),
    ...paths('arch/x86/crypto', ['crc32c']),
  ],
};

function paths(below: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `${below}/${name}`);
}
