/** A line that one of xCAT's clients printed, by the grammar of its Client.pm: `node: [source]: Error: text`, each part but the text optional. */
export interface AnswerLine {
  /** Absent for what is said of no node, as `Error: [mn]: text` and `BADCODE: [mn]: Error: text`. */
  readonly node?: string;
  readonly severity: 'data' | 'warning' | 'error';
  readonly text: string;
}

const SOURCE = String.raw`(?:\[[^\]]*\]:\s+)?`;

/** `-V` puts the source before the node in some commands and after it in others; the severity stands on either side of it. */
const LINE = new RegExp(
  `^${SOURCE}(?:(?<node>(?!(?:error|warning):)[^:\\s[\\]]+):\\s+)?${SOURCE}(?:(?<severity>Error|Warning):\\s+)?${SOURCE}(?<text>.*)$`,
  'i',
);

/**
 * Reads both outputs with one grammar: once a response holds an error, xCAT prints what is good of it to the standard error, too, and some errors
 * come on the standard output. Empty lines are left out. The order within an output is kept; that of nodes means nothing.
 */
export function parseAnswer({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): AnswerLine[] {
  return [...stdout.split('\n'), ...stderr.split('\n')].flatMap((line) => {
    const read = LINE.exec(line.trimEnd())?.groups;
    if (read === undefined || line.trim() === '') return [];
    const { node, severity = 'data', text = '' } = read;
    const said = { severity: severity.toLowerCase() as AnswerLine['severity'], text };
    return [node === undefined || node === 'BADCODE' ? said : { node, ...said }];
  });
}

/**
 * What an answer says of one node: the last line of data, since xCAT may print a failed try before the one that worked. Undefined when there is none, or
 * when a line of the node is an error: silence and half an answer are no success, whatever the exit status is.
 */
export function wordOf(lines: readonly AnswerLine[], node: string): string | undefined {
  const own = lines.filter((line) => line.node === node && line.severity !== 'warning');
  return own.some(({ severity }) => severity === 'error') ? undefined : own.at(-1)?.text;
}
