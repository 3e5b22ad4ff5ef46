import type { TestContext } from 'vitest';
import type { SystemNeed } from '../../src/platform/packages.ts';

/** What a test may need beyond Node: system packages by what they are for, a Temporal server's program, PostgreSQL. */
export type TestNeed = SystemNeed | 'temporal' | 'postgres';

/** Why a need cannot be had here, as `npm test` found out; undefined when it can, and when vitest was started directly. */
export function whyUnavailable(need: TestNeed): string | undefined {
  const known = JSON.parse(process.env['IMPRINT_UNAVAILABLE'] ?? '{}') as Partial<Record<TestNeed, string>>;
  return known[need];
}

/** Skips the test, with the reason, when one of its needs cannot be had. With CI=true `npm test` counts that as a failure. */
export function skipWithout(context: TestContext, ...needs: readonly TestNeed[]): void {
  for (const need of needs) {
    const why = whyUnavailable(need);
    context.skip(why !== undefined, `${need}: ${why ?? ''}`);
  }
}
