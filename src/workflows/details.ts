import type { Hold } from '../domain/hold.ts';

/** A step as the workflow shows it while it runs. */
export interface ShownStep {
  readonly number: string;
  readonly title: string;
  state: 'planned' | 'running' | 'done' | 'failed' | 'skipped' | 'undoing' | 'undone' | 'undo-failed';
  /** Why it failed, or what it has decided, in one line. */
  why?: string;
}

/** What stands above the steps. */
export interface Standing {
  readonly outcome: string | undefined;
  readonly hold: Hold | undefined;
}

/** Temporal's UI shows the check boxes of Markdown as brackets, so these are signs, the same as at the command line. */
const marks: Readonly<Record<ShownStep['state'], string>> = {
  planned: '☐',
  running: '▶ **running:**',
  done: '✔',
  failed: '✖ **failed:**',
  skipped: '⤼ skipped:',
  undoing: '↩ **being taken back:**',
  undone: '↩ taken back:',
  'undo-failed': '‼ **could not be taken back:**',
};

/** A page of Temporal's UI is no log: what is longer stands in the catalog. */
const longestReason = 300;

/** The last line: Temporal's UI cuts the end of what it shows by about a line, and this is the one that is missed least. */
const hint = 'How far a step is: Pending Activities, Heartbeat Details.';

/** The run's current details in Temporal's UI, in Markdown: what is under way, what it waits for, or what came of it; then its steps as a check list. */
export function describeSteps(headline: string, steps: readonly ShownStep[], { outcome, hold }: Standing): string {
  const list = steps.map(
    ({ state, number, title, why }) =>
      `- ${marks[state]} ${number} ${title}${why === undefined ? '' : `: ${oneLine(why)}`}`,
  );
  const now = outcome === undefined ? (hold === undefined ? underWay(steps) : waiting(hold)) : oneLine(outcome);
  return [`### ${headline}`, '', ...(now === undefined ? [] : [now, '']), ...list, '', hint].join('\n');
}

function underWay(steps: readonly ShownStep[]): string | undefined {
  const step = steps.filter(({ state }) => state === 'running' || state === 'undoing').at(-1);
  return step && `${marks[step.state]} ${step.number} ${step.title}`;
}

/** With what to copy: an update of Temporal's UI takes the JSON, and its name is one of the answers. */
function waiting({ id, kind, step, title, reason, answers }: Hold): string {
  return [
    `⏸ **${kind === 'failed' ? 'held' : kind}** at ${step} ${title}: ${oneLine(reason)}`,
    '',
    `Answers: ${answers.join(', ')}. Update: \`{"hold":"${id}","by":"you","reason":"why"}\``,
  ].join('\n');
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= longestReason ? line : `${line.slice(0, longestReason)} …`;
}
