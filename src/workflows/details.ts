/** A step as the workflow shows it while it runs. */
export interface ShownStep {
  readonly number: string;
  readonly title: string;
  state: 'planned' | 'running' | 'done' | 'failed' | 'undoing' | 'undone' | 'undo-failed';
}

const marks: Readonly<Record<ShownStep['state'], string>> = {
  planned: '- [ ]',
  running: '- [ ] **running:**',
  done: '- [x]',
  failed: '- [ ] **failed:**',
  undoing: '- [ ] **undoing:**',
  undone: '- [ ] undone:',
  'undo-failed': '- [ ] **could not be undone:**',
};

/** The run's current details in Temporal's UI: its steps as a check list, in Markdown. */
export function describeSteps(headline: string, steps: readonly ShownStep[]): string {
  const lines = steps.map((step) => `${marks[step.state]} ${step.number} ${step.title}`);
  return [`### ${headline}`, '', ...lines].join('\n');
}
