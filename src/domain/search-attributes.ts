/** The search attributes of every run, with their types: registered at start of the platform, checked by each worker. */
export const searchAttributes = {
  ImprintNode: 'Keyword',
  ImprintImage: 'Keyword',
  /** `web-v3`: known once the revision is reserved, or chosen for a load. */
  ImprintRevision: 'Keyword',
  ImprintManagementNode: 'Keyword',
  ImprintProvisioningSystem: 'Keyword',
  /** completed, failed or cancelled; absent while the run goes on. */
  ImprintOutcome: 'Keyword',
  /** failed, stalled, stuck, paused or parked, while the run waits for an operator; absent otherwise. */
  ImprintHeld: 'Keyword',
  /** The step at which it waits, and why; absent otherwise. */
  ImprintHeldWhy: 'Keyword',
} as const;

/** Values of some of them; undefined for one that no longer holds. */
export type RunSearchAttributes = Partial<Readonly<Record<keyof typeof searchAttributes, string | undefined>>>;

/** What a run is found by: the image where there is one, and the node, unless it is about many. */
export function runAttributes(run: {
  readonly image?: string | undefined;
  readonly node?: string;
  readonly managementNode?: string;
  readonly provisioningSystem?: string;
}): Readonly<Record<string, string>> {
  const values: Partial<Record<keyof typeof searchAttributes, string | undefined>> = {
    ImprintNode: run.node,
    ImprintManagementNode: run.managementNode,
    ImprintProvisioningSystem: run.provisioningSystem,
    ImprintImage: run.image,
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
