import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { exists } from './exists.ts';

export interface AcceleratorRequest {
  /** Absolute path of a Linux kernel. The answer is cached beside it. */
  readonly kernel: string;
  /** How long a kernel may take to print its first line under KVM. A working KVM takes a second. */
  readonly timeoutMs: number;
}

/**
 * `kvm` only when a real kernel was seen to run under it: /dev/kvm may exist, open, and still hang a guest (nested virtualization). Otherwise
 * `tcg`, QEMU's emulation. The kernel is started without a disk, so it panics and QEMU ends.
 */
export async function findAccelerator({ kernel, timeoutMs }: AcceleratorRequest): Promise<'kvm' | 'tcg'> {
  const cache = join(dirname(kernel), 'accelerator');
  const known = await readFile(cache, 'utf8').catch(() => '');
  if (known === 'kvm' || known === 'tcg') return known;
  const found = (await exists('/dev/kvm')) && (await kernelRuns(kernel, timeoutMs)) ? 'kvm' : 'tcg';
  await writeFile(cache, found);
  return found;
}

async function kernelRuns(kernel: string, timeoutMs: number): Promise<boolean> {
  const machine = [
    '-accel',
    'kvm',
    '-cpu',
    'host',
    '-m',
    '256',
    '-nodefaults',
    '-no-reboot',
    '-display',
    'none',
    '-serial',
    'stdio',
  ];
  const boot = ['-kernel', kernel, '-append', 'console=ttyS0 panic=-1'];
  const result = await execa('qemu-system-x86_64', [...machine, ...boot], {
    reject: false,
    timeout: timeoutMs,
    stdin: 'ignore',
    forceKillAfterDelay: 1_000,
  });
  return result.stdout.includes('Kernel panic');
}
