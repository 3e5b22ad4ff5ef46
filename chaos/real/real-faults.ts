import type { Fault } from '../fault.ts';
import { freezeBeforeAct } from '../faults/freeze-before-act.ts';
import { freezeWorker } from '../faults/freeze-worker.ts';
import { killWorker } from '../faults/kill-worker.ts';
import { loseAnswer } from '../faults/lose-answer.ts';
import { stopPostgres } from '../faults/stop-postgres.ts';
import { stopTemporal } from '../faults/stop-temporal.ts';
import { cutConnections } from './faults/cut-connections.ts';
import { killCopy } from './faults/kill-copy.ts';
import { killHost } from './faults/kill-host.ts';
import { silenceNetwork } from './faults/silence-network.ts';
import type { RealStage } from './real-stage.ts';

/** What can go wrong with real machines. Kinds that the simulated storm has, too, are the same ones. */
export const realFaults: readonly Fault<RealStage>[] = [
  killWorker,
  freezeWorker,
  freezeBeforeAct,
  killCopy,
  cutConnections,
  silenceNetwork,
  killHost,
  stopTemporal,
  stopPostgres,
  loseAnswer,
];
