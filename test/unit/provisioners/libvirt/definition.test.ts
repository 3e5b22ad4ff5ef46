import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../../../src/domain/errors.ts';
import { isFileDisk, parseDefinition } from '../../../../src/provisioners/libvirt/definition.ts';
import { formatImageDefinition, parseImageDefinition } from '../../../../src/provisioners/libvirt/image-definition.ts';
import { recorded } from '../../../support/recorded.ts';

const withDisk = (disk: string): string =>
  `<domain type='qemu'><name>a</name><uuid>u</uuid><devices>${disk}</devices></domain>`;

describe('the definition of a domain', () => {
  it('names its disks with the formats of their drivers, and leaves CD-ROMs out', () => {
    const definition = parseDefinition(recorded('virsh/dumpxml.out'));

    expect(definition).toMatchObject({ name: 'lab-07', uuid: '11111111-1111-4111-8111-111111111111' });
    expect(definition.disks).toEqual([
      { name: 'vda', bus: 'virtio', path: '/srv/imprint/lab-07/vda.qcow2', format: 'qcow2' },
    ]);
    expect(definition.load).toBeUndefined();
    expect(definition.consoleLog).toBe('/srv/imprint/lab-07/console');
  });

  it('takes a disk without a format for raw, as libvirt does', () => {
    const text = withDisk(`<disk type='file'><source file='/d/a.img'/><target dev='sda' bus='sata'/></disk>`);

    expect(parseDefinition(text).disks).toEqual([{ name: 'sda', bus: 'sata', path: '/d/a.img', format: 'raw' }]);
  });

  it('sees that a volume, a block device or another format is no file to copy', () => {
    const text = withDisk(
      `<disk type='block'><driver type='raw'/><source dev='/dev/sdb'/><target dev='vda'/></disk>
       <disk type='file'><driver type='vmdk'/><source file='/d/b.vmdk'/><target dev='vdb'/></disk>`,
    );

    expect(parseDefinition(text).disks.map(isFileDisk)).toEqual([false, false]);
  });

  it('keeps escaped characters of a path', () => {
    const text = withDisk(
      `<disk type='file'><driver type='raw'/><source file='/d/a &amp; b.img'/><target dev='vda'/></disk>`,
    );

    expect(parseDefinition(text).disks[0]?.path).toBe('/d/a & b.img');
  });

  it.each(['', 'no XML', '<network><name>x</name></network>', '<domain><name>x</name></domain>'])(
    'refuses %j',
    (text) => {
      expect(() => parseDefinition(text)).toThrow(IntegrityError);
    },
  );
});

describe('the definition that is stored with an image', () => {
  it('holds nothing of the identity of the machine', () => {
    const text = formatImageDefinition(parseDefinition(recorded('virsh/dumpxml.out')));

    expect(text).toContain('vda');
    expect(text).not.toMatch(/lab-07|1111|srv|52:54|uuid|address|emulator/);
  });

  it('carries firmware and clock to the machine that it is loaded on', () => {
    const windows = `<domain><name>w</name><uuid>u</uuid><os firmware='efi'/><clock offset='localtime'/><devices><emulator>q</emulator></devices></domain>`;

    expect(parseImageDefinition(formatImageDefinition(parseDefinition(windows)))).toEqual({
      firmware: 'efi',
      clock: 'localtime',
    });
    expect(parseImageDefinition(formatImageDefinition(parseDefinition(recorded('virsh/dumpxml.out'))))).toEqual({
      firmware: 'bios',
      clock: 'utc',
    });
  });

  it('is BIOS and UTC when nothing, or something else, was stored', () => {
    expect(parseImageDefinition(undefined)).toEqual({ firmware: 'bios', clock: 'utc' });
    expect(parseImageDefinition('{"not":"xml"}')).toEqual({ firmware: 'bios', clock: 'utc' });
  });
});
