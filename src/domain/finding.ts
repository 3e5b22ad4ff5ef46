import type { ComputerState } from './computer.ts';

/**
 * `claim`, `slot`, `capture` (a reserved revision), `staging`, `job`: held for a run that is over. `run`: goes on only in the catalog. `node`: in a
 * state that only a run gives it, and no run owns it. `deletion`: begun and not finished. `lacking`: a run that goes on has lost what it owns.
 * `copy`: a revision whose bytes are not as the catalog says. `image`: bytes that no revision names. `stray`: on a provisioning system, of nobody.
 * `import`: cut, or still going on. `unseen`: what could not be looked at. `more`: findings of one place that are not listed.
 */
export const findingKinds = [
  ...['claim', 'run', 'capture', 'staging', 'job', 'slot', 'node', 'deletion', 'lacking'],
  ...['copy', 'image', 'stray', 'import', 'unseen', 'more'],
] as const;
export type FindingKind = (typeof findingKinds)[number];

/** What an audit can do about a finding. Each looks afresh before it acts, and does nothing where nothing is left. */
export type Mending =
  /** A run takes the node over from the run that is over, and leaves it as that has left it. */
  | { readonly by: 'free-node'; readonly node: string; readonly owner: string; readonly managementNode: string }
  | { readonly by: 'settle-run'; readonly run: string }
  | { readonly by: 'give-capture-up'; readonly run: string; readonly managementNode: string }
  | { readonly by: 'clear-library'; readonly run: string; readonly library: string; readonly managementNode: string }
  | { readonly by: 'release-slots'; readonly run: string }
  | { readonly by: 'lay-up-node'; readonly node: string; readonly from: ComputerState };

/** Something that belongs to no run that goes on, or that should be there and is not. */
export interface Finding {
  readonly kind: FindingKind;
  /** What it is about: a node, a run, a revision, a path. */
  readonly subject: string;
  /** `catalog`, `library mn-a`, `management node mn-a`, `host kvm-2` */
  readonly where: string;
  /** A sentence: what was found, and why it is wrong. */
  readonly why: string;
  /** A sentence: what `--fix` does, or what a person has to do. */
  readonly remedy: string;
  /** Absent where only a person can tell what is right. */
  readonly mending?: Mending;
}

/** A finding, and what came of mending it; absent where nothing was tried. */
export interface AuditedFinding extends Finding {
  readonly mended?: boolean;
  /** A sentence: what was done, or why it was not. */
  readonly outcome?: string;
}

/** What an audit answers. */
export interface AuditReport {
  readonly findings: readonly AuditedFinding[];
  /** Management nodes that were asked to look. */
  readonly managementNodes: readonly string[];
}

export interface AuditInput {
  /** `report` changes nothing; `mend` does what the findings say. */
  readonly purpose: 'report' | 'mend';
}

/** Of one place; more of them would not fit into Temporal's messages, and nobody reads them. */
export const mostFindings = 200;

/** The first of many, and one that says how many more there are. */
export function limitFindings(findings: readonly Finding[], where: string): readonly Finding[] {
  if (findings.length <= mostFindings) return findings;
  const left = findings.length - mostFindings;
  const more: Finding = {
    kind: 'more',
    subject: where,
    where,
    why: `there are ${String(left)} more findings`,
    remedy: 'See to those that are listed, then look again.',
  };
  return [...findings.slice(0, mostFindings), more];
}
