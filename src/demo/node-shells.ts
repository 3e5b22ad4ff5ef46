import { readFile } from 'node:fs/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { createShellPool } from '../remote/shell-pool.ts';
import type { Shell } from '../remote/shell.ts';

/** Root's shells on the demo's nodes. */
export interface NodeShells {
  /** The node must show a host key that the catalog knows. */
  to(node: string): Promise<NodeShell>;
  close(): Promise<void>;
}

export interface NodeShell {
  readonly shell: Shell;
  readonly hostKeys: readonly string[];
}

/** Opened with the key that the guest accepts; `privateKey` is its file. */
export function createNodeShells(catalog: Catalog, privateKey: string): NodeShells {
  const pool = createShellPool();
  return {
    to: async (node) => {
      const { address, sshPort: port, hostKeys = [] } = await catalog.computers.get(node);
      const target = {
        address,
        port,
        user: 'root',
        privateKey: async () => await readFile(privateKey, 'utf8'),
        hostKeys,
      };
      return { hostKeys, shell: pool.ssh(target) };
    },
    close: async () => await pool.closeAll(),
  };
}
