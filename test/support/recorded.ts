import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a tool printed when it was recorded: `recorded('virsh/domstate-running.out')`. */
export function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'fixtures', 'output', name), 'utf8');
}
