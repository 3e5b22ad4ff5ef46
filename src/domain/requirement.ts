/** Something that a provisioning system needs of a host, and what was found of it. */
export interface Requirement {
  /** Where it is needed: `this management node`, `host kvm-2`, `lab-07`. */
  readonly where: string;
  /** What it is: `qemu-img`, `libvirtd`, `SSH`. */
  readonly what: string;
  /** What was seen: a path, a version, an error. */
  readonly found: string;
  readonly ok: boolean;
  /** What a person has to do where it is not met: `apt-get install qemu-utils`. */
  readonly remedy?: string;
}

/** A requirement of one system on one management node. */
export interface SystemRequirement extends Requirement {
  readonly managementNode: string;
  /** Name of the provisioning system; `every system` for what all of them need. */
  readonly system: string;
}

/** What was found on all management nodes that were asked, and by which they were asked. */
export interface SystemsCheck {
  readonly managementNodes: readonly string[];
  readonly requirements: readonly SystemRequirement[];
}
