import type { Fault } from './fault.ts';
import { drainWorker } from './faults/drain-worker.ts';
import { duplicateAct } from './faults/duplicate-act.ts';
import { fillLibrary } from './faults/fill-library.ts';
import { freezeBeforeAct, freezeBeforePowerOff } from './faults/freeze-before-act.ts';
import { freezeWorker } from './faults/freeze-worker.ts';
import { killJob } from './faults/kill-job.ts';
import { killWorker } from './faults/kill-worker.ts';
import { loseAnswer } from './faults/lose-answer.ts';
import { stopPostgres } from './faults/stop-postgres.ts';
import { stopTemporal } from './faults/stop-temporal.ts';
import type { SimulatedStage } from './simulated-stage.ts';

/** In the order of the table. */
export const faults: readonly Fault<SimulatedStage>[] = [
  killWorker,
  drainWorker,
  freezeWorker,
  freezeBeforeAct,
  freezeBeforePowerOff,
  killJob,
  stopTemporal,
  stopPostgres,
  fillLibrary,
  loseAnswer,
  duplicateAct,
];
