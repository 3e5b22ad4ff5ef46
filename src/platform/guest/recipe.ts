import { createHash } from 'node:crypto';
import { firstBootUnit, type GuestFile } from '../../os/linux/first-boot.ts';

/** All that decides what is in the guest image. Two equal recipes give images that may stand for each other. */
export interface GuestRecipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Which paths dpkg leaves out, `exclude=…` and `include=…`, now and at later upgrades. */
  readonly pathRules: readonly string[];
  readonly files: readonly GuestFile[];
  /** Units linked to /dev/null. */
  readonly maskedUnits: readonly string[];
  readonly enabledUnits: readonly string[];
  readonly diskBytes: number;
  /** UUID of the root file system: how kernel and fstab find it on any bus. */
  readonly rootUuid: string;
}

const ROOT_UUID = '6d5a1c0e-7f0b-4f0e-9b7e-1d2c3b4a5f60';

/**
 * Drivers that no virtual machine misses. They would be most of the initramfs, which emulated firmware reads slowly. What is left holds
 * virtio, AHCI, IDE, NVMe, the SCSI controllers that hypervisors offer, and their network cards.
 */
const EXCLUDED_DRIVERS = [
  ...[
    'bluetooth',
    'bus',
    'char/ipmi',
    'comedi',
    'edac',
    'extcon',
    'firewire',
    'gpio',
    'gpu',
    'hwmon',
    'i2c/busses',
    'iio',
    'infiniband',
  ],
  ...[
    'isdn',
    'leds',
    'md',
    'media',
    'memstick',
    'mfd',
    'mmc',
    'mtd',
    'nfc',
    'nvme/target',
    'parport',
    'pcmcia',
    'platform',
    'power',
  ],
  ...['rtc', 'soundwire', 'spi', 'ssb', 'staging', 'target', 'thunderbolt', 'ufs', 'vfio', 'video', 'w1', 'watchdog'],
  ...['usb/gadget', 'usb/misc', 'usb/serial', 'usb/typec', 'usb/usbip', 'block/drbd', 'block/rnbd'],
  ...['input/joystick', 'input/misc', 'input/mouse', 'input/tablet', 'input/touchscreen'],
  ...[
    'net/arcnet',
    'net/can',
    'net/fddi',
    'net/hamradio',
    'net/ieee802154',
    'net/phy',
    'net/ppp',
    'net/usb',
    'net/wan',
    'net/wireless',
    'net/wwan',
  ],
  ...Array.from('abcdefijklmnoprstuvwxz', (letter) => `hid/hid-${letter}`),
].map((path) => `drivers/${path}`);

const KEPT_NETWORK_CARDS = ['intel', 'amd', 'realtek', 'dec'];
const KEPT_INTEL_CARDS = ['e1000', 'e1000e', 'igb', 'igbvf', 'ixgbevf', 'iavf'];
const KEPT_SCSI_CONTROLLERS = [
  'scsi_mod',
  'scsi_common',
  'scsi_transport',
  'sd_mod',
  'sr_mod',
  'sg',
  'virtio_scsi',
  'vmw_pvscsi',
];
const MORE_SCSI_CONTROLLERS = [
  'hv_storvsc',
  'xen-scsifront',
  'megaraid',
  'mpt3sas',
  'sym53c8xx_2',
  'am53c974',
  'esp_scsi',
  'BusLogic',
];

const EXCLUDED_KERNEL_PARTS = [
  ...[
    'lib/test_bpf.ko',
    'net/batman-adv',
    'net/bluetooth',
    'net/ceph',
    'net/mac80211',
    'net/sctp',
    'net/tipc',
    'net/wireless',
    'sound',
  ],
  ...[
    'fs/afs',
    'fs/btrfs',
    'fs/ceph',
    'fs/f2fs',
    'fs/gfs2',
    'fs/hfs',
    'fs/jffs2',
    'fs/jfs',
    'fs/nilfs2',
    'fs/ocfs2',
    'fs/orangefs',
  ],
  ...['fs/reiserfs', 'fs/smb', 'fs/ubifs', 'fs/udf', 'fs/ufs', 'fs/xfs'],
];

const MODULES = '/lib/modules/*/kernel';

/** In dpkg's rules the last one that matches a path decides, and `*` also matches slashes. */
const PATH_RULES = [
  ...['man', 'doc', 'info', 'locale', 'i18n'].map((name) => `exclude=/usr/share/${name}/*`),
  ...[...EXCLUDED_DRIVERS, ...EXCLUDED_KERNEL_PARTS].map((path) => `exclude=${MODULES}/${path}*`),
  `exclude=${MODULES}/drivers/net/ethernet/*`,
  ...KEPT_NETWORK_CARDS.map((vendor) => `include=${MODULES}/drivers/net/ethernet/${vendor}/*`),
  `exclude=${MODULES}/drivers/net/ethernet/intel/*`,
  ...KEPT_INTEL_CARDS.map((card) => `include=${MODULES}/drivers/net/ethernet/intel/${card}/*`),
  `exclude=${MODULES}/drivers/scsi/*`,
  ...[...KEPT_SCSI_CONTROLLERS, ...MORE_SCSI_CONTROLLERS].map((name) => `include=${MODULES}/drivers/scsi/${name}*`),
];

/** The demonstration guest: Debian 12 with its generic kernel, OpenSSH and DHCP on whatever card there is. */
export function guestRecipe(files: readonly GuestFile[]): GuestRecipe {
  return {
    suite: 'bookworm',
    packages: [
      ...['systemd', 'systemd-sysv', 'udev', 'kmod', 'initramfs-tools', 'zstd', 'linux-image-amd64'],
      ...['openssh-server', 'iproute2', 'procps', 'e2fsprogs'],
    ],
    pathRules: PATH_RULES,
    files,
    maskedUnits: [
      ...[
        'apt-daily.timer',
        'apt-daily-upgrade.timer',
        'dpkg-db-backup.timer',
        'e2scrub_all.timer',
        'e2scrub_reap.service',
      ],
      ...['fstrim.timer', 'systemd-networkd-wait-online.service', 'systemd-pstore.service', 'getty@tty1.service'],
      ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'dev-hugepages.mount', 'dev-mqueue.mount'],
      ...[
        'getty-static.service',
        'sys-fs-fuse-connections.mount',
        'sys-kernel-config.mount',
        'modprobe@configfs.service',
      ],
      ...['modprobe@dm_mod.service', 'modprobe@drm.service', 'modprobe@efi_pstore.service', 'modprobe@fuse.service'],
      ...['modprobe@loop.service', 'systemd-update-utmp-runlevel.service'],
    ],
    enabledUnits: ['systemd-networkd.service', firstBootUnit],
    diskBytes: 2 * 1024 ** 3,
    rootUuid: ROOT_UUID,
  };
}

/** Twelve hexadecimal digits that name a recipe. */
export function recipeId(recipe: GuestRecipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}

export const guestRootUuid = ROOT_UUID;
