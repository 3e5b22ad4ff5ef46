/** A command or a file that shows that a Debian or Ubuntu package is installed. */
export interface SystemPackage {
  /** A command in PATH or in /usr/sbin, or an absolute path. */
  readonly shownBy: string;
  readonly package: string;
}

/** What each part of Imprint needs of the system; checked by what a package brings, so that other distributions pass too. */
export const systemPackages = {
  /** Virtual machines, and the small guest that the demo and the tests build. */
  vm: [
    { shownBy: 'qemu-system-x86_64', package: 'qemu-system-x86' },
    { shownBy: 'qemu-img', package: 'qemu-utils' },
    { shownBy: 'libvirtd', package: 'libvirt-daemon' },
    { shownBy: 'virtlogd', package: 'libvirt-daemon' },
    { shownBy: 'virsh', package: 'libvirt-clients' },
    { shownBy: 'mmdebstrap', package: 'mmdebstrap' },
    { shownBy: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' },
    { shownBy: 'mke2fs', package: 'e2fsprogs' },
    { shownBy: 'grub-mkimage', package: 'grub-common' },
    { shownBy: '/usr/lib/grub/i386-pc/boot.img', package: 'grub-pc-bin' },
  ],
  /** Looking into a captured disk without booting it. */
  sealCheck: [
    { shownBy: 'qemu-storage-daemon', package: 'qemu-system-common' },
    { shownBy: 'debugfs', package: 'e2fsprogs' },
    { shownBy: 'fusermount3', package: 'fuse3' },
    { shownBy: 'zstd', package: 'zstd' },
  ],
  /** Copies of images from one library to another. */
  copies: [
    { shownBy: 'rsync', package: 'rsync' },
    { shownBy: 'ssh', package: 'openssh-client' },
  ],
  /** Domains of libvirt, on the host that carries them. */
  libvirtHost: [
    { shownBy: 'virsh', package: 'libvirt-clients' },
    { shownBy: 'qemu-img', package: 'qemu-utils' },
  ],
  /** Management controllers that speak IPMI, on the management node. */
  ipmi: [{ shownBy: 'ipmitool', package: 'ipmitool' }],
  /** What the files of disks that machines send are made of, on the management node. */
  chunks: [{ shownBy: 'zstd', package: 'zstd' }],
  /** A real server and client, for the tests of remote shells. */
  ssh: [
    { shownBy: 'sshd', package: 'openssh-server' },
    { shownBy: 'ssh-keygen', package: 'openssh-client' },
  ],
  /** Real routing daemons and packet filters in network namespaces. */
  networkService: [
    { shownBy: 'vtysh', package: 'frr' },
    { shownBy: '/usr/lib/frr/frr-reload.py', package: 'frr-pythontools' },
    { shownBy: 'nft', package: 'nftables' },
    { shownBy: 'ip', package: 'iproute2' },
  ],
  /** Management controllers: ours speaks to them with ipmitool, the tests' are a simulator and two that stand before virtual machines. */
  bmc: [
    { shownBy: 'ipmitool', package: 'ipmitool' },
    { shownBy: 'ipmi_sim', package: 'openipmi' },
    { shownBy: 'openssl', package: 'openssl' },
    { shownBy: '/usr/share/doc/python3-venv', package: 'python3-venv' },
    { shownBy: '/usr/bin/python3-config', package: 'python3-dev' },
    { shownBy: 'gcc', package: 'gcc' },
    { shownBy: 'pkg-config', package: 'pkg-config' },
    { shownBy: '/usr/include/libvirt/libvirt.h', package: 'libvirt-dev' },
  ],
  /** A simulator of a controller that speaks IPMI, for the machines of the demo and of the tests. */
  ipmiSim: [
    { shownBy: 'ipmitool', package: 'ipmitool' },
    { shownBy: 'ipmi_sim', package: 'openipmi' },
  ],
  /** The environment that machines boot over the network, and the machine that boots it in the tests. */
  imaging: [
    { shownBy: 'mmdebstrap', package: 'mmdebstrap' },
    { shownBy: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' },
    { shownBy: 'depmod', package: 'kmod' },
    { shownBy: 'zstd', package: 'zstd' },
    { shownBy: 'openssl', package: 'openssl' },
    { shownBy: 'curl', package: 'curl' },
    { shownBy: 'qemu-system-x86_64', package: 'qemu-system-x86' },
    { shownBy: '/usr/lib/ipxe/qemu/efi-virtio.rom', package: 'ipxe-qemu' },
    { shownBy: 'sfdisk', package: 'fdisk' },
    { shownBy: 'mkfs.vfat', package: 'dosfstools' },
    { shownBy: 'mke2fs', package: 'e2fsprogs' },
  ],
  /** Machines of bare metal in the tests: their network segment, their firmware, disks with what a site may have on them, and the agent's programs on loop devices. */
  bareMetal: [
    { shownBy: 'ip', package: 'iproute2' },
    { shownBy: 'dnsmasq', package: 'dnsmasq-base' },
    { shownBy: 'kea-dhcp4', package: 'kea-dhcp4-server' },
    { shownBy: '/usr/lib/ipxe/ipxe.efi', package: 'ipxe' },
    { shownBy: '/usr/share/OVMF/OVMF_CODE.fd', package: 'ovmf' },
    { shownBy: '/usr/lib/grub/x86_64-efi/moddep.lst', package: 'grub-efi-amd64-bin' },
    { shownBy: 'mcopy', package: 'mtools' },
    { shownBy: 'lvm', package: 'lvm2' },
    { shownBy: 'mkfs.xfs', package: 'xfsprogs' },
    { shownBy: 'mkfs.btrfs', package: 'btrfs-progs' },
    { shownBy: 'mkntfs', package: 'ntfs-3g' },
    { shownBy: 'partclone.extfs', package: 'partclone' },
    { shownBy: 'busybox', package: 'busybox-static' },
    { shownBy: '/usr/share/perl5/IO/Socket/SSL.pm', package: 'libio-socket-ssl-perl' },
  ],
  /** Whose completion is tested; bash is always there. */
  shells: [
    { shownBy: 'zsh', package: 'zsh' },
    { shownBy: 'fish', package: 'fish' },
  ],
  /** Pictures of Temporal's UI for the documents, in the typefaces that it asks for and that a browser falls back to. */
  browser: [
    { shownBy: 'chromium', package: 'chromium' },
    { shownBy: '/usr/share/fonts/opentype/inter', package: 'fonts-inter' },
    { shownBy: '/usr/share/fonts/truetype/liberation', package: 'fonts-liberation' },
  ],
} as const satisfies Record<string, readonly SystemPackage[]>;

export type SystemNeed = keyof typeof systemPackages;
