import type { Catalog } from '../catalog/catalog.ts';
import { ConflictError } from '../domain/errors.ts';
import type { KeptBecause } from '../provisioners/provisioner.ts';

/**
 * Why the outgoing disks of a node must be set aside rather than deleted; undefined when they need not. They are the source of a revision that has not
 * been READY yet, or the node came from maintenance, where what a failed capture sealed may be the only copy of somebody's work.
 */
export async function whyKept(catalog: Catalog, node: string): Promise<KeptBecause | undefined> {
  if ((await catalog.claims.find(node))?.previousState === 'maintenance') return 'left in maintenance';
  return (await catalog.setAside.isKept(node)) ? 'source of an unproven revision' : undefined;
}

/** Unloading deletes the disk, which may be the only other proof of what was captured from it. */
export async function refuseKept(catalog: Catalog, node: string): Promise<void> {
  if (!(await catalog.setAside.isKept(node))) return;
  throw new ConflictError(
    `the disk of ${node} is the source of a revision that has not been READY on any node yet; load that revision once before you unload`,
  );
}
