import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** File systems that are made and read by their own programs, in a file or on a device, without a mount. Each holds a file `kept`. */

/** With all of `root` in it. */
export async function makeBtrfs(file: string, root: string): Promise<void> {
  await execa('mkfs.btrfs', ['-q', '--rootdir', root, file]);
}

/** With `kept` of `root` in it. */
export async function makeNtfs(file: string, root: string): Promise<void> {
  await execa('mkntfs', ['-Q', '-F', '-s', '512', '-p', '0', '-H', '0', '-S', '0', file]);
  await execa('ntfscp', [file, join(root, 'kept'), 'kept']);
}

/** What `kept` says. Rejects when the program finds damage. `directory`: for what is made on the way, and removed. */
export async function readBtrfs(file: string, directory: string): Promise<string> {
  await execa('btrfs', ['check', '--readonly', file]);
  // What is there already is not restored.
  const restored = await mkdtemp(join(directory, 'btrfs-'));
  await execa('btrfs', ['restore', '-s', file, restored]);
  const kept = await readOutput('cat', [join(restored, 'kept')]);
  await rm(restored, { recursive: true });
  return kept;
}

/** What `kept` says. Rejects when the program finds damage, and for one that Windows is to check. */
export async function readNtfs(file: string): Promise<string> {
  await execa('ntfsfix', ['-n', file]);
  return await readOutput('ntfscat', [file, 'kept']);
}

/** The same of one that Windows is to check at its next start, as it is after it was grown. */
export async function readMarkedNtfs(file: string): Promise<string> {
  await execa('ntfsfix', ['-n', file]);
  return await readOutput('ntfscat', ['--force', file, 'kept']);
}

/** How large it says that it is, in bytes. */
export async function btrfsBytes(file: string): Promise<number> {
  const output = await readOutput('btrfs', ['inspect-internal', 'dump-super', file]);
  return Number(/^total_bytes\s+(\d+)$/m.exec(output)?.[1]);
}

/** How large it says that it is, in bytes. */
export async function ntfsBytes(file: string): Promise<number> {
  const output = await readOutput('ntfsinfo', ['--force', '-m', file]);
  const [, size] = /Cluster Size: (\d+)/.exec(output) ?? [];
  const [, count] = /Volume Size in Clusters: (\d+)/.exec(output) ?? [];
  return Number(size) * Number(count);
}

/** What a program prints, to the byte. */
export async function readOutput(command: string, args: readonly string[]): Promise<string> {
  return (await execa(command, [...args], { stripFinalNewline: false })).stdout;
}
