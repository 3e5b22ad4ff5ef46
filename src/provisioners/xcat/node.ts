import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Jobs } from '../../remote/job.ts';
import type { Shell } from '../../remote/shell.ts';
import { createXcat, type Xcat, type XcatCall, type XcatPlace } from '../../remote/xcat/client.ts';
import type { HostSettings } from '../host-settings.ts';
import {
  type LoadSettings,
  readSettings,
  type RepositorySettings,
  type RootimgSettings,
  type XcatSettings,
} from './settings.ts';

/** What the provisioner works with. */
export interface XcatDeps {
  /** The way to the host of xCAT; the same host gives the same connection. */
  shellFor(host: HostSettings): Shell;
  readonly jobs: Jobs;
}

/** One node of one xCAT. */
export interface XcatNode {
  readonly computer: Computer;
  readonly settings: XcatSettings;
  readonly shell: Shell;
  readonly jobs: Jobs;
  readonly place: XcatPlace;
  readonly xcat: Xcat;
  /** xCAT's name of it. */
  readonly name: string;
  /** The node's own directory on the host of xCAT: notes of runs, and their jobs. */
  readonly directory: string;
}

/** Throws InvalidInputError when the settings are wrong; reaches out to nothing. */
export function openNode(deps: XcatDeps, computer: Computer): XcatNode {
  const settings = readSettings(computer);
  const shell = deps.shellFor(settings.host);
  const { stateDirectory, xcatRoot } = settings;
  const name = settings.node ?? computer.name;
  const place = { shell, root: xcatRoot, lockDirectory: posix.join(stateDirectory, 'locks') };
  const directory = posix.join(stateDirectory, 'nodes', name);
  return { computer, settings, shell, jobs: deps.jobs, place, xcat: createXcat(place), name, directory };
}

/** A call that only reads, or that no run makes. */
export function unfenced({ signal }: CallContext): XcatCall {
  return { signal };
}

/** A call by which a run acts: refused once a later attempt has acted. */
export function fenced({ fence }: { readonly fence: Fence }, { signal }: CallContext): XcatCall {
  return { signal, fence };
}

/** InvalidInputError where the computer has no repository of images. */
export function requireRepository({ computer, settings }: XcatNode): RepositorySettings {
  if (settings.images?.in === 'repository') return settings.images;
  throw new InvalidInputError(`settings of ${computer.name}: images: expected a repository`);
}

/** InvalidInputError where the computer has no osimage for its images. */
export function requireRootimg({ computer, settings }: XcatNode): RootimgSettings {
  if (settings.images?.in === 'rootimg') return settings.images;
  throw new InvalidInputError(`settings of ${computer.name}: images: expected a rootimg`);
}

/** InvalidInputError where nothing says how the computer is loaded. */
export function requireLoad({ computer, settings }: XcatNode): LoadSettings {
  if (settings.load !== undefined) return settings.load;
  throw new InvalidInputError(`settings of ${computer.name}: load: expected a boot target`);
}
