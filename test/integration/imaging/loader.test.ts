import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { skipWithout } from '../../support/unavailable.ts';

/** Runs the agent's choice of a loader over a directory in the place of the mounted partition: many kernels cannot mount vfat. */
function chooseLoader(loaders: readonly string[]): {
  readonly words: string;
  content(path: string): string | undefined;
} {
  const partition = mkdtempSync(join(tmpdir(), 'imprint-efi-'));
  try {
    for (const path of loaders) {
      mkdirSync(dirname(join(partition, path)), { recursive: true });
      writeFileSync(join(partition, path), `this is ${path}`);
    }
    const steps = join(packageRoot(), 'src/imaging/environment/agent/steps.sh');
    const script = 'mount --bind "$1" /mnt && . "$2" && device=/dev/vda1 && copy_loader';
    const words = execFileSync('unshare', ['-m', 'busybox', 'sh', '-c', script, 'loader', partition, steps]).toString();
    const copies = ['BOOTX64.EFI', 'grubx64.efi', 'mmx64.efi'].map((name) => {
      const file = join(partition, 'EFI/BOOT', name);
      return [name, existsSync(file) ? readFileSync(file, 'utf8') : undefined] as const;
    });
    const found = Object.fromEntries(copies);
    return { words: words.trim(), content: (name) => found[name] };
  } finally {
    rmSync(partition, { recursive: true });
  }
}

beforeEach((context) => skipWithout(context, 'bareMetal'));

describe('the loader that firmware starts without an entry', () => {
  it('is made of the GRUB of the system', () => {
    const { words, content } = chooseLoader(['EFI/debian/grubx64.efi']);
    expect(words).toBe('note: /dev/vda1 starts EFI/debian/grubx64.efi by the fallback path');
    expect(content('BOOTX64.EFI')).toBe('this is EFI/debian/grubx64.efi');
  });

  it('is the shim where there is one, with what it starts', () => {
    const { words, content } = chooseLoader(
      ['shimx64.efi', 'grubx64.efi', 'mmx64.efi'].map((name) => `EFI/debian/${name}`),
    );
    expect(words).toBe('note: /dev/vda1 starts EFI/debian/shimx64.efi by the fallback path');
    expect(content('BOOTX64.EFI')).toBe('this is EFI/debian/shimx64.efi');
    expect(content('grubx64.efi')).toBe('this is EFI/debian/grubx64.efi');
    expect(content('mmx64.efi')).toBe('this is EFI/debian/mmx64.efi');
  });

  it.each(['EFI/systemd/systemd-bootx64.efi', 'EFI/Microsoft/Boot/bootmgfw.efi'])('is made of %s', (path) => {
    expect(chooseLoader([path]).content('BOOTX64.EFI')).toBe(`this is ${path}`);
  });

  it('is kept where there is one already', () => {
    const { words, content } = chooseLoader(['EFI/BOOT/BOOTX64.EFI', 'EFI/debian/grubx64.efi']);
    expect(words).toBe('note: /dev/vda1 has a loader in the fallback path');
    expect(content('BOOTX64.EFI')).toBe('this is EFI/BOOT/BOOTX64.EFI');
  });

  it('is missing, and that is said, where no loader is known', () => {
    const { words, content } = chooseLoader(['EFI/other/start.efi']);
    expect(words).toBe('note: /dev/vda1 has no loader that is known');
    expect(content('BOOTX64.EFI')).toBeUndefined();
  });
});
