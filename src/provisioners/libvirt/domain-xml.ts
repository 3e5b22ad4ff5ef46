import type { Computer } from '../../domain/computer.ts';
import type { ImageDefinition } from './image-definition.ts';
import { machineAddresses, machineUuid } from './names.ts';
import { networkDevices } from './network-xml.ts';
import type { LibvirtSettings } from './settings.ts';
import { writeXml } from './xml.ts';

/** House names of hardware to libvirt's. */
const domainTypes = { kvm: 'kvm', tcg: 'qemu' } as const;
const diskNamePrefixes = { virtio: 'vd', scsi: 'sd', sata: 'sd', ide: 'hd' } as const;

/** Everything that a definition is made from. */
export interface Machine {
  readonly computer: Computer;
  readonly settings: LibvirtSettings;
  readonly domain: string;
  readonly image: ImageDefinition;
  /** Boot disk first. */
  readonly disks: readonly MachineDisk[];
  /** File on the host that the serial console is written to, anew at each start. */
  readonly consoleLog: string;
  readonly load: { readonly revision: string; readonly revisionId: number; readonly run: string };
}

export interface MachineDisk {
  readonly path: string;
  /** Base file that the disk is an overlay of; absent for a full copy. */
  readonly backing?: string;
}

/** Which machine type the settings mean. */
export function machineType(settings: LibvirtSettings): 'pc' | 'q35' {
  return settings.machine ?? (settings.diskBus === 'ide' ? 'pc' : 'q35');
}

/** The definition of a node: memory, processors, addresses, UUID and hardware are the computer's, firmware and clock the image's. */
export function formatDomain(machine: Machine): string {
  const { computer, settings, image } = machine;
  const network = networkDevices(settings, machineType(settings), machineAddresses(computer));
  return writeXml({
    domain: {
      '@type': domainTypes[settings.accelerator],
      '@xmlns:qemu': 'http://libvirt.org/schemas/domain/qemu/1.0',
      name: machine.domain,
      uuid: machineUuid(computer),
      metadata: { 'imprint:load': metadata(machine) },
      memory: { '@unit': 'MiB', '#text': computer.memoryMiB },
      vcpu: computer.cpus,
      os: operatingSystem(machine),
      features: { acpi: '', apic: '' },
      ...(settings.accelerator === 'kvm' ? { cpu: { '@mode': 'host-model' } } : {}),
      clock: { '@offset': image.clock },
      on_poweroff: 'destroy',
      on_reboot: 'restart',
      on_crash: 'destroy',
      devices: { ...devices(machine), ...network.devices },
      ...(network.arguments.length === 0
        ? {}
        : { 'qemu:commandline': { 'qemu:arg': network.arguments.map((value) => ({ '@value': value })) } }),
    },
  });
}

/** `vda`, `sdb`: what the guest's bus calls its disks, as far as libvirt's names go. */
export function diskName(bus: LibvirtSettings['diskBus'], index: number): string {
  return `${diskNamePrefixes[bus]}${String.fromCharCode('a'.charCodeAt(0) + index)}`;
}

function operatingSystem({ settings, image }: Machine): object {
  return {
    ...(image.firmware === 'efi' ? { '@firmware': 'efi' } : {}),
    type: { '@arch': 'x86_64', '@machine': machineType(settings), '#text': 'hvm' },
    boot: { '@dev': 'hd' },
  };
}

function devices({ settings, disks, consoleLog }: Machine): object {
  return {
    disk: disks.map((disk, index) => diskElement(disk, diskName(settings.diskBus, index), settings.diskBus)),
    ...(settings.diskBus === 'scsi' ? { controller: { '@type': 'scsi', '@model': 'virtio-scsi' } } : {}),
    serial: { '@type': 'pty', log: { '@file': consoleLog, '@append': 'off' } },
    // A guest that boots makes host keys and waits for entropy, which an emulated machine gathers slowly.
    rng: { '@model': 'virtio', backend: { '@model': 'random', '#text': '/dev/urandom' } },
    video: { model: { '@type': 'vga' } },
    memballoon: { '@model': 'none' },
  };
}

function diskElement(disk: MachineDisk, name: string, bus: string): object {
  return {
    '@type': 'file',
    '@device': 'disk',
    driver: { '@name': 'qemu', '@type': 'qcow2', '@discard': 'unmap' },
    source: { '@file': disk.path },
    // The chain is spelled out to its end, so that libvirt does not look for it in the files' headers.
    backingStore: disk.backing === undefined ? '' : backingStore(disk.backing),
    target: { '@dev': name, '@bus': bus },
  };
}

/** libvirt must not change the owner of a base file: others read it at the same time, and its times prove that it was not touched. */
function backingStore(path: string): object {
  return {
    '@type': 'file',
    format: { '@type': 'qcow2' },
    source: { '@file': path, seclabel: { '@model': 'dac', '@relabel': 'no' } },
    backingStore: '',
  };
}

function metadata({ load }: Machine): object {
  return {
    '@xmlns:imprint': 'urn:imprint:libvirt:1',
    '@revision': load.revision,
    '@revisionId': String(load.revisionId),
    '@run': load.run,
  };
}
