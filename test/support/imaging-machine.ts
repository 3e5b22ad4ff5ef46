import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstScript } from '../../src/imaging/boot-script.ts';

/** The address under which QEMU's own network shows this host to its guest. */
export const hostAddress = '10.0.2.2';

/** A machine whose firmware boots over the network first, and then from its disk. */
export interface ImagingMachine {
  /** What it has printed. */
  console(): string;
  /** Pulls the plug. */
  kill(): Promise<void>;
  /** Resolves when it has powered itself off. */
  off(): Promise<void>;
}

/** Starts a real QEMU without KVM, with a virtio disk of this serial number. */
export function startImagingMachine(
  directory: string,
  { disk, serial, mac, httpPort }: { disk: string; serial: string; mac: string; httpPort: number },
): ImagingMachine {
  const tftp = join(directory, 'tftp');
  mkdirSync(tftp, { recursive: true });
  writeFileSync(join(tftp, 'boot.ipxe'), firstScript(`http://${hostAddress}:${httpPort}`));
  const log = join(directory, `console-${serial}-${Date.now()}`);
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', '768', '-display', 'none', '-no-user-config', '-nodefaults'],
      ...['-netdev', `user,id=n,tftp=${tftp},bootfile=boot.ipxe`],
      ...['-device', `virtio-net-pci,netdev=n,mac=${mac},bootindex=1`],
      ...['-drive', `if=none,id=d,file=${disk},format=raw,cache=unsafe`],
      ...['-device', `virtio-blk-pci,drive=d,serial=${serial},bootindex=2`],
      ...['-device', 'virtio-rng-pci', '-serial', `file:${log}`],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  return {
    console: () => readFileSync(log, 'utf8'),
    kill: async () => {
      if (isAlive(child)) child.kill('SIGKILL');
      await ended;
    },
    off: async () => {
      await ended;
    },
  };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
