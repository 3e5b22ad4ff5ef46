import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstScript } from '../../src/imaging/boot-script.ts';

/** The address under which QEMU's own network shows this host to its guest. */
export const hostAddress = '10.0.2.2';

export const cardOfMachine = '52:54:00:00:00:01';

/** What the machine boots: what the management node's script says, or a kernel that is given to it. */
export type Boot =
  | { readonly from: 'network'; readonly httpPort: number }
  | { readonly from: 'kernel'; readonly kernel: string; readonly initrd: string; readonly parameters: string };

/** Runs a machine without KVM, with one virtio disk, from its power-on until it has powered itself off. */
export async function runMachine(directory: string, disk: string, boot: Boot): Promise<void> {
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', '768', '-display', 'none', '-no-user-config', '-nodefaults'],
      ...(await bootArguments(directory, boot)),
      ...['-drive', `if=none,id=d,file=${disk},format=raw,cache=unsafe`],
      ...['-device', 'virtio-blk-pci,drive=d,serial=BENCH,bootindex=2', '-device', 'virtio-rng-pci'],
      ...['-serial', `file:${join(directory, 'console')}`],
    ],
    { stdio: 'ignore' },
  );
  await once(child, 'exit');
}

async function bootArguments(directory: string, boot: Boot): Promise<readonly string[]> {
  const card = `virtio-net-pci,netdev=n,mac=${cardOfMachine},bootindex=1`;
  if (boot.from === 'kernel') {
    const files = ['-kernel', boot.kernel, '-initrd', boot.initrd, '-append', boot.parameters];
    return ['-netdev', 'user,id=n', '-device', card, ...files];
  }
  const tftp = join(directory, 'tftp');
  await mkdir(tftp, { recursive: true });
  await writeFile(join(tftp, 'boot.ipxe'), firstScript(`http://${hostAddress}:${String(boot.httpPort)}`));
  return ['-netdev', `user,id=n,tftp=${tftp},bootfile=boot.ipxe`, '-device', card];
}
