import { createHash } from 'node:crypto';
import { firstBootUnit, type GuestFile } from '../../os/linux/first-boot.ts';

/** All that decides what is in the guest image. Two equal recipes give images that may stand for each other. */
export interface GuestRecipe {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Paths that dpkg leaves out, now and at later upgrades. */
  readonly excludedPaths: readonly string[];
  readonly files: readonly GuestFile[];
  /** Units linked to /dev/null. */
  readonly maskedUnits: readonly string[];
  readonly enabledUnits: readonly string[];
  readonly diskBytes: number;
  /** UUID of the root file system: how kernel and fstab find it on any bus. */
  readonly rootUuid: string;
}

const ROOT_UUID = '6d5a1c0e-7f0b-4f0e-9b7e-1d2c3b4a5f60';

/** Drivers without which no virtual machine misses anything. They would be most of the initramfs, which emulation loads slowly. */
const EXCLUDED_DRIVERS = [
  ...[
    'bluetooth',
    'char/ipmi',
    'comedi',
    'edac',
    'firewire',
    'gpu',
    'hwmon',
    'iio',
    'infiniband',
    'isdn',
    'media',
    'mfd',
  ],
  ...['mmc', 'mtd', 'net/can', 'net/ieee802154', 'net/phy', 'net/usb', 'net/wan', 'net/wireless', 'nfc', 'parport'],
  ...[
    'platform',
    'power',
    'rtc',
    'soundwire',
    'staging',
    'target',
    'thunderbolt',
    'usb/gadget',
    'usb/misc',
    'usb/serial',
  ],
  ...['block/drbd', 'input/joystick', 'input/tablet', 'input/touchscreen', 'leds', 'media', 'video', 'w1'],
  ...[
    'scsi/aacraid',
    'scsi/aic7xxx',
    'scsi/aic94xx',
    'scsi/be2iscsi',
    'scsi/bfa',
    'scsi/bnx2fc',
    'scsi/bnx2i',
    'scsi/csiostor',
  ],
  ...[
    'scsi/cxgbi',
    'scsi/fcoe',
    'scsi/fnic',
    'scsi/isci',
    'scsi/libfc',
    'scsi/lpfc',
    'scsi/mvsas',
    'scsi/pm8001',
    'scsi/qedf',
  ],
  ...['scsi/qedi', 'scsi/qla2xxx', 'scsi/qla4xxx', 'scsi/snic', 'scsi/ufs'],
  ...[
    'mellanox',
    'chelsio',
    'netronome',
    'qlogic',
    'cavium',
    'broadcom',
    'brocade',
    'emulex',
    'cisco',
    'sfc',
    'sun',
  ].map(ethernet),
  ...[
    'huawei',
    'intel/ice',
    'intel/i40e',
    'intel/ixgbe',
    'intel/fm10k',
    'marvell',
    'aquantia',
    'amazon',
    'fungible',
  ].map(ethernet),
  ...['atheros', 'google', 'microsoft', 'myricom', 'pensando', 'silan', 'sis', 'smsc', 'stmicro', 'tehuti'].map(
    ethernet,
  ),
];

const EXCLUDED_KERNEL_PARTS = [
  ...[
    'lib/test_bpf.ko',
    'net/bluetooth',
    'net/mac80211',
    'net/wireless',
    'net/sctp',
    'net/tipc',
    'net/batman-adv',
    'net/ceph',
  ],
  ...[
    'fs/afs',
    'fs/btrfs',
    'fs/ceph',
    'fs/f2fs',
    'fs/gfs2',
    'fs/jfs',
    'fs/nilfs2',
    'fs/ocfs2',
    'fs/orangefs',
    'fs/reiserfs',
  ],
  ...['fs/smb', 'fs/ubifs', 'fs/xfs', 'sound'],
];

function ethernet(vendor: string): string {
  return `net/ethernet/${vendor}`;
}

/** The demonstration guest: Debian 12 with its generic kernel, OpenSSH and DHCP on whatever card there is. */
export function guestRecipe(files: readonly GuestFile[]): GuestRecipe {
  return {
    suite: 'bookworm',
    packages: [
      ...['systemd', 'systemd-sysv', 'udev', 'kmod', 'initramfs-tools', 'zstd', 'linux-image-amd64'],
      ...['openssh-server', 'iproute2', 'procps', 'e2fsprogs'],
    ],
    excludedPaths: [
      ...['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/i18n/*'],
      ...EXCLUDED_DRIVERS.map((path) => `/lib/modules/*/kernel/drivers/${path}/*`),
      ...EXCLUDED_KERNEL_PARTS.map((path) => `/lib/modules/*/kernel/${path}*`),
    ],
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
