/** What to do with a run from Temporal's UI; docs/temporal-ui.md says more. */
const advice =
  'To stop this run: **Request Cancellation**. Its steps are then taken back, newest first. **Terminate** takes nothing back: ' +
  'what it left is only ended by the next run on the node, or by `imprint nodes release`.';

/** What was asked for, as the static details of a run in Temporal's UI: one line a field, in Markdown. */
export function describeRequest(run: string, input: object): string {
  const lines = Object.entries(input).map(([field, value]) => `- ${field}: ${asCode(value)}`);
  // The end comes last because Temporal's UI cuts about a line of it.
  return [advice, '', ...lines, '', `Times and evidence of each step: ${asCode(`imprint runs show ${run}`)}`].join(
    '\n',
  );
}

/** Temporal takes 20,000 bytes of details; a fleet may have thousands of nodes, and all are in the run's input. */
const longestValue = 1_000;

/** A comment is shown as it was written, never as Markdown. */
function asCode(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const shown = text.length <= longestValue ? text : `${text.slice(0, longestValue)} …`;
  return shown === '' ? '(empty)' : `\`${shown.replaceAll('`', "'")}\``;
}
