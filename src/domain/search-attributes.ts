/** The search attributes of every run, with their types: registered at start of the platform, checked by each worker. */
export const searchAttributes = {
  ImprintNode: 'Keyword',
  ImprintImage: 'Keyword',
  ImprintManagementNode: 'Keyword',
  ImprintProvisioningSystem: 'Keyword',
  ImprintOutcome: 'Keyword',
} as const;
