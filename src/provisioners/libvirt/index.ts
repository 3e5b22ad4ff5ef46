import type { Provisioner } from '../provisioner.ts';
import { createCapturing } from './capturing.ts';
import { consoleText } from './console.ts';
import { ownLibrary } from './library-view.ts';
import { createLoading } from './loading.ts';
import { type LibvirtDeps, openNode } from './node.ts';
import { nodeStatus } from './node-status.ts';
import { createPower } from './power.ts';
import { libvirtRequirements } from './requirements.ts';
import { hostName, settings, settingsProblems } from './settings.ts';
import { findStrays } from './strays.ts';

export type { LibvirtDeps } from './node.ts';

/** Drives domains of libvirt with QEMU, on this host or on others over SSH. */
export function createLibvirt(deps: LibvirtDeps): Provisioner {
  return {
    name: 'libvirt',
    validate: settingsProblems,
    settings,
    nodeStatus: (computer, expected, context) => nodeStatus(openNode(deps, computer), expected, context),
    hostOf: hostName,
    libraryOf: (computer) => ownLibrary(deps, computer),
    consoleText: (computer, context) => consoleText(openNode(deps, computer), context),
    strays: (request, context) => findStrays(deps, request, context),
    requirements: (request, context) => libvirtRequirements(deps, request, context),
    power: createPower(deps),
    capturing: createCapturing(deps),
    loading: createLoading(deps),
  };
}
