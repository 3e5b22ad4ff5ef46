import type { AuditedFinding, AuditReport } from '../domain/finding.ts';

/** Whether nothing is left to do about it. */
export function isSettled({ mended }: AuditedFinding): boolean {
  return mended === true;
}

/** Two lines a finding, what is wrong and what mends it, and one that counts them. */
export function auditLines({ findings, managementNodes }: AuditReport): readonly string[] {
  const looked = `the catalog, Temporal and what ${nodes(managementNodes.length)} can reach`;
  if (findings.length === 0) return [`Nothing is wrong with ${looked}.`];
  return [...findings.flatMap(findingLines), '', countOf(findings)];
}

function findingLines(finding: AuditedFinding): readonly string[] {
  const { kind, subject, where, why, outcome } = finding;
  const mark = isSettled(finding) ? '✔' : '✖';
  return [` ${mark} ${kind}  ${subject} (${where}): ${why}`, `     ${outcome ?? adviceOf(finding)}`];
}

/** Whose hands it needs comes first. */
function adviceOf({ mending, remedy }: AuditedFinding): string {
  return mending === undefined ? `by hand: ${remedy}` : `--fix: ${remedy}`;
}

function countOf(findings: readonly AuditedFinding[]): string {
  const found = `${String(findings.length)} found`;
  const tried = findings.some(({ mended }) => mended !== undefined);
  const settled = findings.filter(isSettled).length;
  if (tried) return `${found}, ${String(settled)} mended.`;
  const fixable = findings.filter(({ mending }) => mending !== undefined).length;
  return `${found}; ${String(fixable)} of them can be mended with: imprint doctor --fix`;
}

function nodes(count: number): string {
  return count === 1 ? '1 management node' : `${String(count)} management nodes`;
}
