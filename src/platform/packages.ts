import { access } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { execa } from 'execa';
import { UnsupportedError } from '../domain/errors.ts';
import { findCommand } from './commands.ts';
import type { ProgressReporter } from './progress.ts';

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
  ],
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
  /** Whose completion is tested; bash is always there. */
  shells: [
    { shownBy: 'zsh', package: 'zsh' },
    { shownBy: 'fish', package: 'fish' },
  ],
  /** Pictures of Temporal's UI for the documents, in the typeface that it asks for. */
  browser: [
    { shownBy: 'chromium', package: 'chromium' },
    { shownBy: '/usr/share/fonts/opentype/inter', package: 'fonts-inter' },
  ],
} as const satisfies Record<string, readonly SystemPackage[]>;

export type SystemNeed = keyof typeof systemPackages;

/** The packages that are missing for these needs, each once, in order. */
export async function missingPackages(needs: readonly SystemNeed[]): Promise<readonly string[]> {
  const wanted: readonly SystemPackage[] = needs.flatMap((need) => [...systemPackages[need]]);
  const present = await Promise.all(wanted.map(isInstalled));
  return [...new Set(wanted.filter((_, index) => present[index] !== true).map((entry) => entry.package))];
}

async function isInstalled({ shownBy }: SystemPackage): Promise<boolean> {
  if (!isAbsolute(shownBy)) return (await findCommand(shownBy)) !== undefined;
  return await access(shownBy).then(
    () => true,
    () => false,
  );
}

/**
 * Installs what is missing with apt-get, as root or where sudo asks for no password. Throws UnsupportedError with the exact command to run
 * when it may not, or when the installation failed.
 */
export async function ensureSystemPackages(needs: readonly SystemNeed[], report: ProgressReporter): Promise<void> {
  const missing = await missingPackages(needs);
  if (missing.length === 0) return;
  const prefix = (await findCommand('apt-get')) === undefined ? undefined : await wayToRoot();
  if (prefix === undefined) {
    throw new UnsupportedError(`missing system packages; run: ${installCommand(missing)}`, { evidence: { missing } });
  }
  await report.during(`Installing ${missing.join(', ')} with apt-get`, async () => {
    await aptGet(prefix, ['update'], missing);
    await aptGet(prefix, ['install', '--yes', '--no-install-recommends', ...missing], missing);
  });
}

/** What a person runs to install them. */
export function installCommand(packages: readonly string[]): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get update && ${sudo}apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
}

/** What goes before a command so that root runs it; undefined when there is no way without a password. */
async function wayToRoot(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const { failed } = await execa('sudo', ['-n', 'true'], { reject: false });
  return failed ? undefined : ['sudo', '-n'];
}

async function aptGet(prefix: readonly string[], args: readonly string[], missing: readonly string[]): Promise<void> {
  const [file, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get'];
  const result = await execa(file, [...rest, '-o', 'DPkg::Lock::Timeout=300', ...args], {
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  if (!result.failed) return;
  throw new UnsupportedError(`could not install system packages; run: ${installCommand(missing)}`, {
    evidence: { command: result.escapedCommand, output: result.all.slice(-2_000) },
  });
}
