import type { Computer } from '../../domain/computer.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import { nameOfHost } from '../host-settings.ts';
import type { Provisioner } from '../provisioner.ts';
import { createCapturing } from './capturing.ts';
import { createLoading } from './loading.ts';
import { openNode, type XcatDeps } from './node.ts';
import { nodeStatus } from './node-status.ts';
import { createPower } from './power.ts';
import { xcatRequirements } from './requirements.ts';
import { readSettings, settings, settingsProblems } from './settings.ts';

export type { XcatDeps } from './node.ts';

/** Drives nodes of xCAT through its client commands, on this host or on xCAT's management node over SSH. */
export function createXcatProvisioner(deps: XcatDeps): Provisioner {
  return {
    name: 'xcat',
    validate: settingsProblems,
    settings,
    nodeStatus: (computer, expected, context) => nodeStatus(openNode(deps, computer), expected, context),
    hostOf: (computer) => nameOfHost(readSettings(computer).host, computer),
    libraryOf: (computer) => ownLibrary(deps, computer),
    power: createPower(deps),
    capturing: createCapturing(deps),
    loading: createLoading(deps),
    requirements: async (request, context) => await xcatRequirements(deps, request, context),
  };
}

/** The library on the host of xCAT, when the computer's settings give it one. */
function ownLibrary(deps: XcatDeps, computer: Computer): LibraryPlace | undefined {
  const { host, library } = readSettings(computer);
  return library === 'management node' ? undefined : { ...library.own, shell: deps.shellFor(host) };
}
