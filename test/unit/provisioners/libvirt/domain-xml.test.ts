import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import type { Computer } from '../../../../src/domain/computer.ts';
import { parseDefinition } from '../../../../src/provisioners/libvirt/definition.ts';
import { diskName, formatDomain, type Machine } from '../../../../src/provisioners/libvirt/domain-xml.ts';
import { machineAddresses, machineUuid } from '../../../../src/provisioners/libvirt/names.ts';
import { readSettings } from '../../../../src/provisioners/libvirt/settings.ts';

const computer: Computer = {
  id: 7,
  name: 'lab-07',
  managementNode: 'mn-a',
  provisioningSystem: 'libvirt',
  address: '127.0.0.1',
  sshPort: 2207,
  macAddresses: ['52:54:00:00:00:07', '52:54:00:00:01:07'],
  memoryMiB: 768,
  cpus: 2,
  settings: { diskDirectory: '/srv/disks' },
  state: 'available',
};

function machineWith(settings: Record<string, unknown>, change: Partial<Machine> = {}): Machine {
  return {
    computer,
    settings: readSettings({ ...computer, settings: { ...computer.settings, ...settings } }),
    domain: 'lab-07',
    image: { firmware: 'bios', clock: 'utc' },
    disks: [{ path: '/srv/disks/lab-07/a.qcow2', backing: '/srv/library/web-v3/vda.qcow2' }],
    consoleLog: '/srv/disks/lab-07/console.log',
    load: { revision: 'web-v3', revisionId: 30, run: 'loadNode/lab-07/1 & "2"' },
    ...change,
  };
}

type Tree = Record<string, Record<string, unknown>>;
function domainOf(machine: Machine): Tree {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' });
  return (parser.parse(formatDomain(machine)) as { domain: Tree }).domain;
}

describe('the definition of a loaded node', () => {
  it('takes memory, processors, UUID and addresses from the computer', () => {
    const domain = domainOf(machineWith({}));

    expect(domain).toMatchObject({
      '@type': 'kvm',
      name: 'lab-07',
      uuid: machineUuid(computer),
      memory: { '@unit': 'MiB', '#text': 768 },
      vcpu: 2,
      devices: {
        interface: [{ mac: { '@address': '52:54:00:00:00:07' } }, { mac: { '@address': '52:54:00:00:01:07' } }],
      },
    });
  });

  it('spells the chain of a copy-on-write disk out, with formats, and keeps libvirt from changing the base file', () => {
    expect(domainOf(machineWith({}))['devices']?.['disk']).toMatchObject({
      driver: { '@type': 'qcow2' },
      source: { '@file': '/srv/disks/lab-07/a.qcow2' },
      backingStore: {
        format: { '@type': 'qcow2' },
        source: { '@file': '/srv/library/web-v3/vda.qcow2', seclabel: { '@relabel': 'no' } },
        backingStore: '',
      },
    });
  });

  it('ends the chain of a full copy at once', () => {
    const machine = machineWith({}, { disks: [{ path: '/srv/disks/lab-07/a.qcow2' }] });

    expect(domainOf(machine)['devices']?.['disk']).toMatchObject({ backingStore: '' });
  });

  it('reads back as the load that made it', () => {
    const definition = parseDefinition(formatDomain(machineWith({})));

    expect(definition.load).toEqual({ revision: 'web-v3', revisionId: 30, run: 'loadNode/lab-07/1 & "2"' });
    expect(definition.consoleLog).toBe('/srv/disks/lab-07/console.log');
    expect(definition.disks).toEqual([
      { name: 'vda', bus: 'virtio', path: '/srv/disks/lab-07/a.qcow2', format: 'qcow2' },
    ]);
  });

  it('gives a user network with its forwards to QEMU, in a slot of its own', () => {
    const forwards = [{ hostPort: 2207, guestPort: 22 }];
    const domain = domainOf(machineWith({ network: { kind: 'user', forwards }, networkModel: 'e1000' }));

    expect(domain['qemu:commandline']?.['qemu:arg']).toEqual([
      { '@value': '-netdev' },
      { '@value': 'user,id=imprint0,hostfwd=tcp:127.0.0.1:2207-:22' },
      { '@value': '-device' },
      { '@value': 'e1000,netdev=imprint0,mac=52:54:00:00:00:07,bus=pcie.0,addr=0x10' },
    ]);
    expect(domain['devices']).not.toHaveProperty('interface');
  });

  it.each([
    [
      { kind: 'bridge', bridge: 'br0' },
      { '@type': 'bridge', source: { '@bridge': 'br0' } },
    ],
    [
      { kind: 'network', name: 'lab' },
      { '@type': 'network', source: { '@network': 'lab' } },
    ],
  ])('connects to %j', (network, expected) => {
    const interfaces = domainOf(machineWith({ network, networkModel: 'rtl8139' }))['devices']?.['interface'];

    expect(interfaces).toMatchObject([{ ...expected, model: { '@type': 'rtl8139' } }, expected]);
  });

  it.each([
    ['virtio', 'vda', 'q35'],
    ['scsi', 'sda', 'q35'],
    ['sata', 'sda', 'q35'],
    ['ide', 'hda', 'pc'],
  ] as const)('puts %s disks on %s of a %s machine', (diskBus, name, machine) => {
    const domain = domainOf(machineWith({ diskBus }));

    expect(diskName(diskBus, 0)).toBe(name);
    expect(domain['devices']?.['disk']).toMatchObject({ target: { '@dev': name, '@bus': diskBus } });
    expect(domain['os']?.['type']).toMatchObject({ '@machine': machine });
    if (diskBus === 'scsi') expect(domain['devices']?.['controller']).toMatchObject({ '@model': 'virtio-scsi' });
  });

  it('emulates the processor where there is no KVM', () => {
    const domain = domainOf(machineWith({ accelerator: 'tcg' }));

    expect(domain).toMatchObject({ '@type': 'qemu' });
    expect(domain).not.toHaveProperty('cpu');
  });

  it('keeps the firmware and the clock of the image', () => {
    const domain = domainOf(machineWith({}, { image: { firmware: 'efi', clock: 'localtime' } }));

    expect(domain).toMatchObject({ os: { '@firmware': 'efi' }, clock: { '@offset': 'localtime' } });
  });
});

describe('the identity of a machine', () => {
  it('is the same whenever it is defined, and another for another computer', () => {
    expect(machineUuid(computer)).toBe(machineUuid({ ...computer }));
    expect(machineUuid(computer)).not.toBe(machineUuid({ ...computer, id: 8 }));
    expect(machineUuid(computer)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('has an address of QEMU where the catalog knows none', () => {
    const addresses = machineAddresses({ ...computer, macAddresses: [] });

    expect(addresses).toEqual(machineAddresses({ ...computer, macAddresses: [] }));
    expect(addresses[0]).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
    expect(machineAddresses(computer)).toBe(computer.macAddresses);
  });
});
