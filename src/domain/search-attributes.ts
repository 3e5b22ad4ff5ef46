/** The search attributes of every run, with their types: registered at start of the platform, checked by each worker. */
export const searchAttributes = {
  ImprintNode: 'Keyword',
  ImprintImage: 'Keyword',
  ImprintManagementNode: 'Keyword',
  ImprintProvisioningSystem: 'Keyword',
  ImprintOutcome: 'Keyword',
} as const;

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
