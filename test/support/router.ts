import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { startFrrRouter, type FrrRouter } from '../../src/demo/frr-router.ts';

export type Router = FrrRouter;

let count = 0;

/** A name that no other test process takes; short, because it names network interfaces and sockets. */
export function namespaceName(): string {
  count += 1;
  return `imp${String(process.pid)}x${String(count)}`;
}

export async function ip(...args: readonly string[]): Promise<void> {
  await execa('ip', args);
}

/** Up within a second. Needs root. */
export async function startRouter(daemons = ['zebra', 'ospfd', 'staticd', 'bgpd']): Promise<Router> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-router-'));
  const router = await startFrrRouter({ name: namespaceName(), daemons, directory });
  return {
    ...router,
    close: async () => {
      await router.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
