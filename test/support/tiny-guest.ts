import { readFile, rm, writeFile } from 'node:fs/promises';
import { execa } from 'execa';

/**
 * A boot sector that is a whole system: it prints a line on the serial console and then waits, halted between timer ticks, until the ACPI
 * power button was pressed; then it powers off. SeaBIOS puts the power-management registers at 0x600 on pc and on q35.
 */
export function bootSector(greeting: string): Buffer {
  const code = [
    [0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    [0xbe, 0x40, 0x7c], // mov si, 0x7c40: the greeting
    [0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5], // lodsb; until 0: out 0x3f8, al
    [0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef], // enable the power button: out 0x602, 0x0100
    [0xfb, 0xf4, 0xba, 0x00, 0x06, 0xed, 0xf6, 0xc4, 0x01, 0x74, 0xf5], // sti; hlt; until bit 8 of 0x600 is set
    [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4], // power off: out 0x604, 0x2000; hlt
  ].flat();
  const sector = Buffer.alloc(512);
  Buffer.from(code).copy(sector);
  sector.write(`${greeting}\r\n`, 0x40, 'latin1');
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Makes a qcow2 disk of 64 MiB that boots the tiny guest and holds `payload` at 1 MiB. */
export async function makeTinyDisk(path: string, greeting: string, payload: Buffer = Buffer.alloc(0)): Promise<void> {
  const raw = `${path}.raw`;
  await writeFile(raw, Buffer.concat([bootSector(greeting), Buffer.alloc(1_048_576 - 512), payload]));
  await execa('truncate', ['-s', '64M', raw]);
  await execa('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, path]);
  await execa('rm', ['-f', raw]);
}

/** What `makeTinyDisk` was given as payload, read through the disk's own format and chain. */
export async function payloadOf(path: string): Promise<string> {
  const raw = `${path}.payload`;
  await execa('qemu-img', ['dd', '-f', 'qcow2', '-O', 'raw', 'bs=1M', 'skip=1', 'count=2', `if=${path}`, `of=${raw}`]);
  const content = await readFile(raw);
  await rm(raw);
  return content.subarray(0, content.indexOf(0)).toString('latin1');
}
