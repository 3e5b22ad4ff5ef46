import type { Reporter, TestModule } from 'vitest/node';

/** Prints each skipped test at the end of a run, with the reason that it gave by `context.skip(reason)`. */
class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (skipped.length === 0) return;
    console.log('\nSkipped, and why:');
    for (const test of skipped) {
      console.log(`  ${test.module.relativeModuleId}: ${test.fullName}: ${reasonOf(test.result())}`);
    }
  }
}

function reasonOf(result: object): string {
  return 'note' in result && typeof result.note === 'string' ? result.note : 'no reason given';
}

// eslint-disable-next-line no-restricted-syntax -- vitest loads a reporter by the default export of its file
export default SkipReporter;
