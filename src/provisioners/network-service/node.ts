import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { Fence } from '../../domain/fence.ts';
import type { CommandResult, Shell } from '../../remote/shell.ts';
import { type FencedAction, underFence } from '../fenced.ts';
import type { HostSettings } from '../host-settings.ts';
import { openService } from './kinds.ts';
import type { Service } from './service.ts';
import { readSettings, type ServiceSettings } from './settings.ts';

/** What the provisioner works with. */
export interface NetworkServiceDeps {
  /** The way to a host of services; the same host gives the same connection. */
  shellFor(host: HostSettings): Shell;
}

/** One computer's service on its host. */
export interface ServiceNode {
  readonly computer: Computer;
  readonly settings: ServiceSettings;
  readonly service: Service;
  readonly shell: Shell;
  /** The computer's own directory on the host: what loads found there, and what was loaded. */
  readonly directory: string;
}

/** Throws InvalidInputError when the settings are wrong; reaches out to nothing. */
export function openNode(deps: NetworkServiceDeps, computer: Computer): ServiceNode {
  const settings = readSettings(computer);
  return {
    computer,
    settings,
    service: openService(settings),
    shell: deps.shellFor(settings.host),
    directory: posix.join(settings.stateDirectory, computer.name),
  };
}

/** What is kept there may hold keys and passwords of the service. */
const MAKE = `
umask 077
mkdir -p -- "$directory"
chmod 0700 -- "$directory"
`;

/** Runs an action on the host while nobody with a lower epoch can act on the node; its directory is made when it is missing. */
export async function inNodeDirectory(
  node: ServiceNode,
  fence: Fence,
  action: FencedAction,
  context: CallContext,
): Promise<CommandResult> {
  const path = node.directory;
  const directory = { path, record: posix.join(path, '.owner.json'), lock: posix.join(path, '.lock') };
  return await underFence(node.shell, { directory, fence }, { ...action, script: `${MAKE}${action.script}` }, context);
}
