import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';

/** What was read or written before is read from the disk again. Needs root. */
export async function dropCaches(): Promise<void> {
  await execa('sync');
  await writeFile('/proc/sys/vm/drop_caches', '3');
}
