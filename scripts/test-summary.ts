/** The part of vitest's JSON report (`--reporter=json`) that the summary is made from. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestSummary {
  readonly passed: number;
  /** Tests that failed, files that could not be loaded or set up, and one more if vitest failed for a reason outside all tests. */
  readonly failed: number;
  readonly skipped: number;
}

/** Counts a report. A run that ended badly never counts as one without failures. */
export function summarize(report: VitestReport, vitestStatus: number): TestSummary {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const count = (...states: string[]) => tests.filter((test) => states.includes(test.status)).length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = count('failed') + brokenFiles;
  return {
    passed: count('passed'),
    failed: failed === 0 && vitestStatus !== 0 ? 1 : failed,
    skipped: count('skipped', 'pending', 'todo', 'disabled'),
  };
}

/** `Tests: 123 passed, 0 failed`, with `, 2 skipped` when some were. */
export function summaryLine({ passed, failed, skipped }: TestSummary): string {
  const line = `Tests: ${String(passed)} passed, ${String(failed)} failed`;
  return skipped === 0 ? line : `${line}, ${String(skipped)} skipped`;
}

/** 0 only if nothing failed, something passed, and nothing was skipped where skips are not allowed. */
export function exitStatusOf(summary: TestSummary, options: { readonly skipsAllowed: boolean }): number {
  if (summary.failed > 0 || summary.passed === 0) return 1;
  return summary.skipped > 0 && !options.skipsAllowed ? 1 : 0;
}
