import { access, constants } from 'node:fs/promises';
import { UnsupportedError } from '../../domain/errors.ts';

/** What shows that a Debian package of the host is there. */
const TOOLS: Readonly<Record<string, string>> = {
  '/usr/bin/mmdebstrap': 'mmdebstrap',
  '/sbin/mke2fs': 'e2fsprogs',
  '/usr/bin/grub-mkimage': 'grub-common',
  '/usr/lib/grub/i386-pc/boot.img': 'grub-pc-bin',
  '/usr/bin/qemu-img': 'qemu-utils',
  '/usr/bin/ssh-keygen': 'openssh-client',
};

/** Throws UnsupportedError that names every missing package and the command which installs them. */
export async function checkGuestBuildTools(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new UnsupportedError('could not build the guest image: only root may make its file system');
  const missing = (await Promise.all(Object.entries(TOOLS).map(missingPackage))).flat();
  if (missing.length === 0) return;
  throw new UnsupportedError(
    `could not build the guest image: missing Debian packages; run: apt-get install --no-install-recommends ${missing.join(' ')}`,
  );
}

async function missingPackage([file, debianPackage]: [string, string]): Promise<string[]> {
  try {
    await access(file, constants.R_OK);
    return [];
  } catch {
    return [debianPackage];
  }
}
