import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Computer } from '../../src/domain/computer.ts';
import type { LibvirtWorld } from './libvirt-world.ts';
import { makeTinyDisk } from './tiny-guest.ts';

/** A further disk of a domain. */
export interface ExtraDisk {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/**
 * Defines a domain as a person would: a UUID and a disk's name that no load gives. Its disk `vda` boots the tiny guest and holds
 * `payload`. Returns the disk's path.
 */
export async function defineByHand(
  world: LibvirtWorld,
  computer: Computer,
  options: { readonly payload?: Buffer; readonly extra?: readonly ExtraDisk[] } = {},
): Promise<string> {
  const directory = join(world.root, 'disks', computer.name);
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'by-hand.qcow2');
  await makeTinyDisk(path, 'hello by hand', options.payload ?? Buffer.from('precious'));
  await defineDomain(world, computer.name, [{ path, format: 'qcow2' }, ...(options.extra ?? [])]);
  return path;
}

export async function defineDomain(world: LibvirtWorld, name: string, disks: readonly ExtraDisk[]): Promise<void> {
  const file = join(world.root, `${name}.xml`);
  const elements = disks.map(
    ({ path, format }, index) =>
      `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/>
       <target dev='vd${String.fromCharCode(97 + index)}' bus='virtio'/></disk>`,
  );
  await writeFile(
    file,
    `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
     <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
     <devices>${elements.join('')}<interface type='user'><mac address='52:54:00:aa:bb:cc'/></interface>
     <serial type='file'><source path='${join(world.root, `${name}.console`)}'/></serial></devices></domain>`,
  );
  await world.virsh('define', file);
}
