import type { LibvirtSettings } from './settings.ts';

/** Elements below `devices`, and arguments that go to QEMU itself. */
export interface NetworkDevices {
  readonly devices: { readonly interface?: readonly object[] };
  readonly arguments: readonly string[];
}

/** House names of network cards to QEMU's devices. */
const qemuDevices = { virtio: 'virtio-net-pci', e1000: 'e1000', e1000e: 'e1000e', rtl8139: 'rtl8139' } as const;

/** Root bus of each machine type, where a device of ours is put. */
const rootBuses = { pc: 'pci.0', q35: 'pcie.0' } as const;

/** A slot that libvirt gives to its own devices last; QEMU would take the first free one before libvirt's devices come. */
const SLOT = '0x10';

/** One card for each address; a user network has the first address only, since forwards belong to one card. */
export function networkDevices(
  settings: LibvirtSettings,
  machine: 'pc' | 'q35',
  addresses: readonly string[],
): NetworkDevices {
  const { network, networkModel } = settings;
  if (network.kind === 'user') return { devices: {}, arguments: userNetwork(settings, machine, addresses[0] ?? '') };
  const source = network.kind === 'bridge' ? { '@bridge': network.bridge } : { '@network': network.name };
  const card = (address: string): object => ({
    '@type': network.kind,
    mac: { '@address': address },
    source,
    model: { '@type': networkModel },
  });
  return { devices: { interface: addresses.map(card) }, arguments: [] };
}

function userNetwork(settings: LibvirtSettings, machine: 'pc' | 'q35', address: string): readonly string[] {
  const forwards = settings.network.kind === 'user' ? settings.network.forwards : [];
  const rules = forwards.map(
    (rule) => `,hostfwd=tcp:${rule.hostAddress}:${String(rule.hostPort)}-:${String(rule.guestPort)}`,
  );
  const device = `${qemuDevices[settings.networkModel]},netdev=imprint0,mac=${address},bus=${rootBuses[machine]},addr=${SLOT}`;
  return ['-netdev', `user,id=imprint0${rules.join('')}`, '-device', device];
}
