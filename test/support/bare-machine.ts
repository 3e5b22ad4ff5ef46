import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { hostKeysOnConsole } from '../../src/os/linux/first-boot.ts';
import type { MachinesOfLibvirt } from './emulated-controllers.ts';

/** A disk of a machine: a file in qcow2, behind the given serial number. */
export interface BareDisk {
  readonly serial: string;
  readonly path: string;
}

export interface BareMachineOptions {
  readonly name: string;
  readonly mac: string;
  readonly disks: readonly BareDisk[];
  readonly firmware: 'bios' | 'uefi';
}

/** A machine that has nothing but firmware, disks and a network card on the bridge `br0`. It is off. */
export interface BareMachine {
  readonly name: string;
  virsh(command: string, ...args: string[]): Promise<string>;
  console(): Promise<string>;
  /** Powers it on, and gives the host keys that its system prints at its first boot. */
  firstBoot(): Promise<readonly string[]>;
}

const ovmf = { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' };

export async function defineBareMachine(
  { root, uri }: MachinesOfLibvirt,
  options: BareMachineOptions,
): Promise<BareMachine> {
  const { name } = options;
  const directory = join(root, 'bare', name);
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'definition.xml');
  const log = join(directory, 'console');
  await writeFile(file, definition(options, { log, variables: join(directory, 'variables.fd') }));
  const virsh = async (command: string, ...args: string[]): Promise<string> =>
    (await execa('virsh', ['-q', '-c', uri, command, ...args])).stdout.trim();
  await virsh('define', file);
  const console = async (): Promise<string> => await readFile(log, 'latin1').catch(() => '');
  return {
    name,
    virsh: async (command, ...args) => await virsh(command, name, ...args),
    console,
    firstBoot: async () => {
      await virsh('start', name);
      return await vi.waitFor(
        async () => {
          const keys = hostKeysOnConsole(await console());
          if (keys === undefined) throw new Error(`${name} has printed no host keys`);
          return keys;
        },
        { timeout: 10 * 60_000, interval: 500 },
      );
    },
  };
}

interface Places {
  readonly log: string;
  readonly variables: string;
}

/**
 * One, since two files with machines run on two cores: with two each, every start of a program took twice as long. Without `erms`: with it
 * kernels clear and copy memory by an instruction that QEMU emulates byte by byte.
 */
const processor = "<vcpu>1</vcpu><cpu mode='maximum'><feature policy='disable' name='erms'/></cpu>";

/** The card of a machine with UEFI has no ROM, so that its firmware's own network boot is tried, too. */
function definition({ name, mac, disks, firmware }: BareMachineOptions, { log, variables }: Places): string {
  const loader =
    firmware === 'bios'
      ? ''
      : `<loader readonly='yes' type='pflash'>${ovmf.code}</loader><nvram template='${ovmf.variables}'>${variables}</nvram>`;
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>768</memory>${processor}
<os><type arch='x86_64' machine='q35'>hvm</type>${loader}<boot dev='hd'/></os>
<features><acpi/></features><on_reboot>restart</on_reboot>
<devices>${disks.map(diskElement).join('')}
<interface type='bridge'><mac address='${mac}'/><source bridge='br0'/><model type='virtio'/>${firmware === 'uefi' ? "<rom enabled='no'/>" : ''}</interface>
<serial type='file'><source path='${log}' append='on'/></serial><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>`;
}

function diskElement({ path, serial }: BareDisk, index: number): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='unsafe'/><source file='${path}'/>
<target dev='sd${String.fromCharCode(97 + index)}' bus='sata'/><serial>${serial}</serial></disk>`;
}
