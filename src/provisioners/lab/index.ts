import type { Provisioner } from '../provisioner.ts';
import { labNodeStatus } from './node-status.ts';
import { settings, settingsProblems } from './settings.ts';

/**
 * A standalone lab machine: somebody else installs it and switches it on. Its status is what it says itself, over SSH. It has no power, no
 * capture and nothing that loads it, so a load confirms that what is asked for is what is there, and is refused otherwise.
 */
export function createLab(): Provisioner {
  return { name: 'lab', validate: settingsProblems, settings, nodeStatus: labNodeStatus };
}
