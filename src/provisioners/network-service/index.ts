import type { Provisioner } from '../provisioner.ts';
import { nameOfHost } from '../host-settings.ts';
import { createCapturing } from './capturing.ts';
import { createLoading } from './loading.ts';
import { type NetworkServiceDeps, openNode } from './node.ts';
import { nodeStatus } from './node-status.ts';
import { serviceRequirements } from './requirements.ts';
import { readSettings, settings, settingsProblems } from './settings.ts';

/**
 * The configuration of a service on a host: FRRouting, or the rule set of nftables. There is no disk, no power and no operating system in it, so no OS
 * module has a part.
 */
export function createNetworkService(deps: NetworkServiceDeps): Provisioner {
  return {
    name: 'network-service',
    validate: settingsProblems,
    settings,
    nodeStatus: async (computer, expected, context) => await nodeStatus(openNode(deps, computer), expected, context),
    hostOf: (computer) => nameOfHost(readSettings(computer).host, computer),
    capturing: createCapturing(deps),
    loading: createLoading(deps),
    requirements: async (request, context) => await serviceRequirements(deps, request, context),
  };
}
