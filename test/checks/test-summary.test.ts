import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitStatusOf, summarize, summaryLine, type VitestReport } from '../../scripts/test-summary.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { plantCheckout, type PlantedCheckout } from '../support/planted-checkout.ts';

const imports = "import { beforeAll, describe, expect, it } from 'vitest';\n";

/** Each in a file of its own. */
const planted = {
  'test/unit/passes.test.ts': `${imports}it('adds', () => expect(1 + 1).toBe(2));\nit('takes', () => expect(2 - 1).toBe(1));\n`,
  'test/unit/fails.test.ts': `${imports}it('is wrong', () => expect(1).toBe(2));\n`,
  'test/unit/skips.test.ts': `${imports}it('needs more', (context) => context.skip('no printer here'));\n`,
  'test/unit/broken.test.ts': `${imports}import { x } from './missing.ts';\nit('never runs', () => expect(x).toBe(1));\n`,
  'test/unit/set-up.test.ts': `${imports}beforeAll(() => { throw new Error('no'); });\nit('never runs', () => expect(1).toBe(1));\n`,
};

describe('the summary of a real run', () => {
  let checkout: PlantedCheckout;
  beforeAll(async () => (checkout = await plantCheckout(planted)));
  afterAll(async () => await checkout.remove());

  const run = async (...files: readonly string[]) => {
    const report = join(checkout.path, 'report.json');
    const reporters = ['--reporter=json', `--reporter=${join(packageRoot(), 'scripts/skip-reporter.ts')}`];
    const { exitCode, output } = await checkout.run('vitest', [
      'run',
      ...reporters,
      `--outputFile.json=${report}`,
      ...files,
    ]);
    const summary = summarize(JSON.parse(await readFile(report, 'utf8')) as VitestReport, exitCode);
    return { summary, output, line: summaryLine(summary) };
  };

  it('counts what passed', async () => {
    const { summary, line } = await run('passes');

    expect(line).toBe('Tests: 2 passed, 0 failed');
    expect(exitStatusOf(summary, { skipsAllowed: false })).toBe(0);
  });

  it('counts a file that cannot be loaded, and one that cannot be set up, as failed', async () => {
    const { summary, line } = await run();

    expect(line).toMatch(/^Tests: 2 passed, 3 failed, [12] skipped$/);
    expect(exitStatusOf(summary, { skipsAllowed: true })).toBe(1);
  });

  it('prints why a test was skipped, and fails on it only where skips are not allowed', async () => {
    const { summary, output, line } = await run('skips', 'passes');

    expect(output).toContain('needs more: no printer here');
    expect(line).toBe('Tests: 2 passed, 0 failed, 1 skipped');
    expect(exitStatusOf(summary, { skipsAllowed: true })).toBe(0);
    expect(exitStatusOf(summary, { skipsAllowed: false })).toBe(1);
  });
});

describe('the summary', () => {
  it('counts one failure when vitest failed outside all tests', () => {
    expect(summaryLine(summarize({ testResults: [] }, 1))).toBe('Tests: 0 passed, 1 failed');
  });

  it('is a failure when nothing ran at all', () => {
    expect(exitStatusOf({ passed: 0, failed: 0, skipped: 0 }, { skipsAllowed: true })).toBe(1);
  });
});
