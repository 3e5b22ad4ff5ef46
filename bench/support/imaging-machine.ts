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

/** The longest that a machine may take. */
export const MACHINE_MS = 20 * 60_000;

export interface ImagingMachine {
  /** Until it has powered itself off; rejects when it could not be started, or not in time. */
  off(): Promise<void>;
  /** Of one that is off: nothing. */
  kill(): void;
}

/** Powers a machine without KVM on, with one virtio disk. */
export async function startMachine(directory: string, disk: string, boot: Boot): Promise<ImagingMachine> {
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
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(MACHINE_MS) });
  exit.catch(() => undefined);
  return {
    off: async () => {
      await exit;
    },
    kill: () => child.kill('SIGKILL'),
  };
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
