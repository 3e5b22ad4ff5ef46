import { firstBootFiles, type GuestFile } from '../../os/linux/first-boot.ts';
import { emulatedKernel } from './emulated-kernel.ts';

/** Of the kernel: root by UUID, because the disk's name depends on its bus; the last console is where services print. */
const KERNEL_PARAMETERS = ['ro', 'quiet', 'console=tty0', 'console=ttyS0,115200', ...emulatedKernel].join(' ');

/** Configuration of the guest, beside what Debian's packages bring. `authorizedKey` is the only way in. */
export function guestFiles(rootUuid: string, authorizedKey: string): readonly GuestFile[] {
  return [
    ...firstBootFiles(),
    plain('/etc/hostname', 'imprint-guest\n'),
    plain('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1 imprint-guest\n'),
    plain('/etc/fstab', `UUID=${rootUuid} / ext4 errors=remount-ro 0 1\n`),
    plain('/etc/resolv.conf', 'nameserver 10.0.2.3\n'),
    // systemd fills an empty machine-id at boot. `uninitialized` would also count as a first boot, at which systemd enables
    // every service that an administrator had disabled.
    plain('/etc/machine-id', ''),
    plain('/etc/systemd/network/80-ethernet.network', NETWORK),
    plain('/etc/ssh/sshd_config.d/imprint.conf', SSHD),
    plain('/etc/initramfs-tools/conf.d/imprint', 'MODULES=most\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n'),
    plain('/boot/grub/grub.cfg', bootMenu(rootUuid)),
    plain('/root/currentimage.txt', ''),
    { path: '/root/.ssh/authorized_keys', mode: 0o600, content: `${authorizedKey.trim()}\n` },
  ];
}

function plain(path: string, content: string): GuestFile {
  return { path, mode: 0o644, content };
}

/** What Debian's kernel packages keep up to date are the links `/vmlinuz` and `/initrd.img`, so the menu needs no tool inside the guest. */
function bootMenu(rootUuid: string): string {
  return `set timeout=0
menuentry 'Debian' {
  linux /vmlinuz root=UUID=${rootUuid} ${KERNEL_PARAMETERS}
  initrd /initrd.img
}
`;
}

// The MAC address identifies the machine to DHCP: an identifier made from the machine-id would be new after every load.
const NETWORK = `[Match]
Type=ether
Kind=!*

[Network]
DHCP=ipv4
IPv6AcceptRA=no
LinkLocalAddressing=no

[DHCPv4]
ClientIdentifier=mac
UseHostname=no
`;

// One host key instead of three: making an RSA key takes an emulated processor several seconds.
const SSHD = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
`;
