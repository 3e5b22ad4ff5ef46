import { join } from 'node:path';

/** What a machine is made of. */
export interface BareHardware {
  readonly name: string;
  readonly accelerator: 'kvm' | 'tcg';
  /** Of its card. */
  readonly mac: string;
  readonly card: 'virtio' | 'e1000';
  readonly disk: BareDisk;
  /** Of this host, on the loopback: leads to SSH on the machine. */
  readonly sshPort: number;
  /** Directory that its network serves by TFTP; `boot.ipxe` in it is what its card's iPXE runs. */
  readonly tftp: string;
}

export interface BareDisk {
  /** In qcow2. */
  readonly path: string;
  readonly serial: string;
  readonly bus: 'virtio' | 'sata';
}

/** So that an imaging of the small guest has a middle, even with KVM. */
const diskBytesPerSecond = 40 * 1024 ** 2;

/** Arguments of QEMU that boot the machine from its disk or from the network, in the background; its console is appended to `console`. */
export function qemuArguments(
  directory: string,
  { name, accelerator, mac, card, disk, sshPort, tftp }: BareHardware,
  from: 'disk' | 'network',
): readonly string[] {
  const file = (entry: string): string => value(join(directory, entry));
  const index = { card: from === 'network' ? ',bootindex=1' : '', disk: ',bootindex=2' };
  const device = disk.bus === 'virtio' ? 'virtio-blk-pci' : 'ide-hd,bus=ide.0';
  const network = `user,id=n,tftp=${value(tftp)},bootfile=boot.ipxe,hostfwd=tcp:127.0.0.1:${String(sshPort)}-:22`;
  return [
    ...['-name', name, '-machine', 'q35', '-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', 'max', '-smp', '2', '-m', '768', '-no-user-config', '-nodefaults', '-display', 'none'],
    ...[
      '-netdev',
      network,
      '-device',
      `${card === 'virtio' ? 'virtio-net-pci' : card},netdev=n,mac=${mac}${index.card}`,
    ],
    ...[
      '-drive',
      `if=none,id=d,format=qcow2,file=${value(disk.path)},throttling.bps-total=${String(diskBytesPerSecond)}`,
    ],
    ...['-device', `${device},drive=d,serial=${disk.serial}${index.disk}`, '-device', 'virtio-rng-pci'],
    ...['-chardev', `file,id=s,append=on,path=${file('console')}`, '-serial', 'chardev:s'],
    ...['-chardev', `pipe,id=m,path=${file('monitor')}`, '-mon', 'chardev=m', '-boot', 'strict=on'],
    ...['-daemonize', '-pidfile', join(directory, 'pid')],
  ];
}

/** In QEMU's options a comma ends a value. */
function value(path: string): string {
  return path.replaceAll(',', ',,');
}
