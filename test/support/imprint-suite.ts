import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startImprint, type ImprintOptions, type TestImprint } from './imprint.ts';
import { skipWithout, whyUnavailable } from './unavailable.ts';

/**
 * Starts one Imprint before the tests of this suite, and stops it after them; `prepare` gets it. Where Temporal or PostgreSQL cannot be had the
 * tests are skipped with the reason.
 */
export function withImprint(prepare: (imprint: TestImprint) => Promise<unknown>, options: ImprintOptions = {}): void {
  let imprint: TestImprint | undefined;
  beforeAll(async () => {
    if ((whyUnavailable('temporal') ?? whyUnavailable('postgres')) !== undefined) return;
    imprint = await startImprint(options);
    await prepare(imprint);
  });
  beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));
  afterAll(async () => await imprint?.stop());
}
