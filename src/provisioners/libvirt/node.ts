import { posix } from 'node:path';
import type { Computer } from '../../domain/computer.ts';
import type { Jobs } from '../../remote/job.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import type { Shell } from '../../remote/shell.ts';
import { createVirsh, type Virsh } from '../../remote/virsh.ts';
import type { HostSettings } from '../host-settings.ts';
import { isInside } from './names.ts';
import { type LibvirtSettings, readSettings } from './settings.ts';

/** What the provisioner works with. */
export interface LibvirtDeps {
  /** The way to a host of virtual machines; the same host gives the same connection. */
  shellFor(host: HostSettings): Shell;
  readonly jobs: Jobs;
}

/** One domain on its host. */
export interface LibvirtNode {
  readonly computer: Computer;
  readonly settings: LibvirtSettings;
  readonly shell: Shell;
  readonly virsh: Virsh;
  readonly jobs: Jobs;
  /** Name of the domain. */
  readonly domain: string;
  /** The node's own directory on the host: its disks, its console log, what a load found. */
  readonly directory: string;
}

/** Throws InvalidInputError when the settings are wrong; reaches out to nothing. */
export function openNode(deps: LibvirtDeps, computer: Computer): LibvirtNode {
  const settings = readSettings(computer);
  const shell = deps.shellFor(settings.host);
  return {
    computer,
    settings,
    shell,
    virsh: createVirsh(shell, settings.uri),
    jobs: deps.jobs,
    domain: settings.domain ?? computer.name,
    directory: posix.join(settings.diskDirectory, computer.name),
  };
}

/** A path of the library as the host of the domain sees it. */
export function onHost(node: LibvirtNode, library: LibraryPlace, path: string): string {
  const view = node.settings.library;
  if (typeof view === 'string' || 'own' in view) return path;
  return path === library.root || isInside(library.root, path)
    ? posix.join(view.sharedAt, posix.relative(library.root, path))
    : path;
}
