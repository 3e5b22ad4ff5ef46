import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

const minute = 60_000;

/** Files that take two minutes and more. */
const longest = [
  'vm/baremetal',
  'vm/baremetal-uefi',
  'vm/end-to-end',
  'vm/linux',
  'vm/xcat',
  'workflows/xcat',
  'workflows/saga-load',
  'workflows/saga-short',
  'workflows/held',
  'integration/jobs-kill-worker',
  'integration/imaging/environment',
  'integration/chaos',
  'integration/several-workers',
  'integration/frozen-workers',
  'integration/demo',
  'integration/two-versions',
];

/**
 * One project for each folder of tests. Each file runs in a process of its own: Temporal's SDK has one runtime a process, so files cannot
 * disturb each other. Projects with different numbers of workers run one group after the other, the cheap ones first.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: true,
    restoreMocks: true,
    sequence: { sequencer: longestFirst(longest) },
    projects: [
      project('unit', { order: 0, workers: '100%', timeoutMs: 20_000 }),
      project('checks', { order: 1, workers: 1, timeoutMs: 3 * minute }),
      // These wait for a third of their time, for retries and polls: three files on two cores.
      project('replay', { order: 2, workers: 3, timeoutMs: 5 * minute }),
      project('workflows', { order: 2, workers: 3, timeoutMs: 5 * minute }),
      project('integration', { order: 2, workers: 3, timeoutMs: 5 * minute }),
      // A guest without KVM keeps a core busy: two files on two cores, and a boot takes most of a minute.
      project('vm', { order: 3, workers: 2, timeoutMs: 20 * minute }),
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

/** A fresh clone knows no durations, and would begin with the largest files. At the end one core would wait for a long one that began late. */
function longestFirst(names: readonly string[]) {
  const isLong = (file: string): boolean => names.some((name) => file.endsWith(`/test/${name}.test.ts`));
  return class extends BaseSequencer {
    override async sort(files: Parameters<BaseSequencer['sort']>[0]): ReturnType<BaseSequencer['sort']> {
      const sorted = await super.sort(files);
      return sorted.toSorted((a, b) => Number(isLong(b.moduleId)) - Number(isLong(a.moduleId)));
    }
  };
}
