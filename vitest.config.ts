import { defineConfig } from 'vitest/config';

const minute = 60_000;

/**
 * One project for each folder of tests. Each file runs in a process of its own: Temporal's SDK has one runtime a process, so files cannot
 * disturb each other. Projects with different numbers of workers run one group after the other, the cheap ones first.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: true,
    restoreMocks: true,
    projects: [
      project('unit', { order: 0, workers: '100%', timeoutMs: 20_000 }),
      project('checks', { order: 1, workers: 1, timeoutMs: 3 * minute }),
      project('replay', { order: 2, workers: 2, timeoutMs: 2 * minute }),
      project('workflows', { order: 2, workers: 2, timeoutMs: 3 * minute }),
      project('integration', { order: 3, workers: 2, timeoutMs: 3 * minute }),
      // A guest without KVM keeps a core busy: two files on two cores, and a boot takes most of a minute.
      project('vm', { order: 4, workers: 2, timeoutMs: 20 * minute }),
    ],
  },
});

function project(name: string, limits: { order: number; workers: number | string; timeoutMs: number }) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      maxWorkers: limits.workers,
      testTimeout: limits.timeoutMs,
      hookTimeout: limits.timeoutMs,
      sequence: { groupOrder: limits.order },
    },
  };
}
