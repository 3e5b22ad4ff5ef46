import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { startImprint, type TestImprint } from '../../test/support/imprint.ts';
import type { Stage } from '../benchmark.ts';

/** A whole Imprint beside a real libvirt, with one domain that is off and has one disk full of data. */
export interface OfflineMachine {
  readonly imprint: TestImprint;
  /** Name of the computer. */
  readonly node: string;
  /** Absolute path of its disk, qcow2. */
  readonly disk: string;
  /** An operating system that no module prepares: what is captured is the disk as it is. */
  readonly operatingSystem: string;
  stop(): Promise<void>;
}

const node = 'bench-1';
const operatingSystem = 'data';

/** `dataMib`: half of it looks like noise, half of it repeats itself. */
export async function createOfflineMachine(stage: Stage, dataMib: number): Promise<OfflineMachine> {
  const machines = join(stage.directory, 'machines');
  const disk = join(machines, node, 'disk.qcow2');
  await mkdir(join(machines, node), { recursive: true });
  stage.say(`making a disk with ${String(dataMib)} MiB of data`);
  await makeDisk(stage.directory, disk, dataMib);
  const imprint = await startImprint({ directory: join(stage.directory, 'imprint') });
  const state = await openStateDirectory(join(stage.directory, 'state'));
  const libvirt = await ensurePrivateLibvirt(state, createProgressReporter()).catch(async (error: unknown) => {
    await imprint.stop();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await imprint.stop();
    await libvirt.stop();
  };
  try {
    await define(libvirt.uri, stage.directory, disk);
    await introduce(imprint, libvirt.uri, machines);
  } catch (error) {
    await stop();
    throw error;
  }
  return { imprint, node, disk, operatingSystem, stop };
}

/** A file system with the one file by which a system's disk is known, and after it the data; a file system of that size would take longer. */
const FILL = `
set -eu
{
  openssl enc -aes-256-ctr -nosalt -pbkdf2 -pass pass:imprint </dev/zero 2>/dev/null | head -c "$((half * 1048576))"
  yes 'The same line again and again, as logs and tables hold it.' | head -c "$((half * 1048576))"
} | dd of="$raw" bs=1M seek=64 conv=notrunc iflag=fullblock status=none
`;

async function makeDisk(directory: string, disk: string, dataMib: number): Promise<void> {
  const raw = join(directory, 'disk.raw');
  const root = join(directory, 'root');
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc', 'fstab'), '# nothing\n');
  await execa('mke2fs', ['-q', '-t', 'ext4', '-d', root, raw, '64M']);
  await execa('truncate', ['-s', `${String(64 + dataMib)}M`, raw]);
  await execa('sh', ['-c', FILL], { env: { raw, half: String(Math.floor(dataMib / 2)) } });
  await execa('qemu-img', ['convert', '-W', '-m', '8', '-f', 'raw', '-O', 'qcow2', raw, disk]);
  await rm(raw);
}

async function define(uri: string, directory: string, disk: string): Promise<void> {
  const file = join(directory, 'domain.xml');
  await writeFile(
    file,
    `<domain type='qemu'><name>${node}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
     <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><devices>
     <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
     </devices></domain>`,
  );
  await execa('virsh', ['-q', '-c', uri, 'define', file]);
}

async function introduce({ catalog }: TestImprint, uri: string, diskDirectory: string): Promise<void> {
  await catalog.provisioningSystems.allow('mn-test', 'libvirt');
  await catalog.operatingSystems.register({ name: operatingSystem, installType: 'image' });
  await catalog.operatingSystems.allowInstallType('libvirt', 'image');
  await catalog.computers.add({
    name: node,
    managementNode: 'mn-test',
    provisioningSystem: 'libvirt',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 32,
    cpus: 1,
    settings: { uri, diskDirectory, accelerator: 'tcg', network: { kind: 'user' } },
  });
}
