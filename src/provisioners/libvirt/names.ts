import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Computer } from '../../domain/computer.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';

/** Ten hexadecimal digits that stand for a run in names of files; the same for every attempt of it. */
export function runTag(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, 10);
}

/** The disk that a load makes: `<node directory>/debian12-base-v3-1f0c22d9ab-vda.qcow2`. */
export function newDiskPath(directory: string, revision: Revision, owner: string, disk: string): string {
  return posix.join(directory, `${nameOfRevision(revision)}-${runTag(owner)}-${disk}.qcow2`);
}

/** The definition that a load makes, as it is given to libvirt. */
export function newDefinitionPath(directory: string, owner: string): string {
  return posix.join(directory, `load-${runTag(owner)}.xml`);
}

/** The definition that a load found, kept until the new system was READY. */
export function outgoingDefinitionPath(directory: string, owner: string): string {
  return posix.join(directory, `outgoing-${runTag(owner)}.xml`);
}

export function consolePath(directory: string, owner: string): string {
  return posix.join(directory, `console-${runTag(owner)}.log`);
}

/** Where disks lie that must not be deleted yet. */
export function asideDirectory(directory: string): string {
  return posix.join(directory, 'aside');
}

/** A UUID (RFC 9562, version 8: made from a SHA-256) that is the same whenever this computer is defined. */
export function machineUuid(computer: Pick<Computer, 'id' | 'name'>): string {
  const digest = createHash('sha256')
    .update(`imprint/computer/${String(computer.id)}/${computer.name}`)
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** The computer's addresses; one made from its identity, with QEMU's prefix, when the catalog knows none. */
export function machineAddresses(computer: Pick<Computer, 'id' | 'name' | 'macAddresses'>): readonly string[] {
  if (computer.macAddresses.length > 0) return computer.macAddresses;
  const digest = createHash('sha256')
    .update(`imprint/mac/${String(computer.id)}/${computer.name}`)
    .digest('hex');
  return [`52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`];
}

/** Whether `path` lies in `directory` or deeper. Both absolute. */
export function isInside(directory: string, path: string): boolean {
  if (!posix.isAbsolute(path)) return false;
  const relative = posix.relative(directory, path);
  return relative !== '' && relative !== '..' && !relative.startsWith('../');
}
