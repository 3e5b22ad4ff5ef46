import type { Benchmark } from './benchmark.ts';
import { bareMetal } from './figures/bare-metal.ts';
import { captureCopy } from './figures/capture-copy.ts';
import { crowd } from './figures/crowd.ts';
import { fleet } from './figures/fleet.ts';
import { killedWorker } from './figures/killed-worker.ts';
import { machines } from './figures/machines.ts';
import { recovery } from './figures/recovery.ts';
import { stepOverhead } from './figures/step-overhead.ts';

/** In the order of the table. */
export const benchmarks: readonly Benchmark[] = [
  captureCopy,
  bareMetal,
  stepOverhead,
  machines,
  killedWorker,
  fleet,
  crowd,
  recovery,
];
