/**
 * The states of a computer. `available` at rest and loadable, `inuse` given to somebody, `capturing` and `loading` owned by a run,
 * `maintenance` an administrator must look.
 */
export const computerStates = ['available', 'inuse', 'capturing', 'loading', 'maintenance'] as const;
export type ComputerState = (typeof computerStates)[number];

/** Which state may follow which. Conditional updates in the catalog hold to this table. */
export const computerTransitions: Readonly<Record<ComputerState, readonly ComputerState[]>> = {
  available: ['inuse', 'capturing', 'loading', 'maintenance'],
  inuse: ['available', 'capturing', 'loading', 'maintenance'],
  capturing: ['available', 'inuse', 'loading', 'maintenance'],
  loading: ['available', 'inuse', 'maintenance'],
  maintenance: ['available', 'inuse', 'capturing', 'loading'],
};

/** A machine that an image is captured from or loaded on, as the catalog knows it. */
export interface Computer {
  readonly id: number;
  readonly name: string;
  /** The management node that drives it, while that is there. */
  readonly managementNode: string;
  /** Others that reach it, and drive it while that one is away or its library lacks what is needed; absent: none. */
  readonly alsoReachedBy?: readonly string[];
  /** Key of the provisioner in the registry: `libvirt`, `simulated` … */
  readonly provisioningSystem: string;
  /** Host name or IP address on which its operating system answers. */
  readonly address: string;
  readonly sshPort: number;
  readonly macAddresses: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  /** Settings of its provisioning system; the provisioner's `validate` says what is wrong with them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly state: ComputerState;
  /** What is loaded, as last recorded; absent when nothing is known. */
  readonly currentRevisionId?: number;
  /** Public host keys of the system that is loaded now (`ssh-ed25519 AAAA…`, one a line); absent when not known yet. */
  readonly hostKeys?: readonly string[];
}

/** What is wrong with a setting. */
export interface Problem {
  /** `settings.disks[0].path` */
  readonly where: string;
  /** A sentence that says what was expected and what was found. */
  readonly problem: string;
}

/** The management nodes that may drive a computer: its own first, then those that stand in for it. */
export function reachedBy({
  managementNode,
  alsoReachedBy = [],
}: Pick<Computer, 'managementNode' | 'alsoReachedBy'>): readonly string[] {
  return [managementNode, ...alsoReachedBy];
}
