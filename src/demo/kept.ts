import { join } from 'node:path';
import { stopProcess } from '../platform/process-file.ts';
import { forgetSettings } from '../platform/remembered-settings.ts';
import type { StateDirectory } from '../platform/state-directory.ts';
import { demoSystems } from './demo-systems.ts';
import type { WorkerFiles } from './worker-process.ts';

type Place = Pick<StateDirectory, 'path'>;

/** The demo's worker writes there; beside the demo's directory, which every demo begins anew. */
export function workerFiles({ path }: Place): WorkerFiles {
  return { logFile: join(path, 'demo.worker.log'), processFile: join(path, 'demo.worker.json') };
}

/** Ends the worker that a demo has left running with `--keep`, then what it drove. None: success. */
export async function stopKept(place: Place): Promise<void> {
  await stopProcess(workerFiles(place).processFile, 40_000);
  for (const { clear } of Object.values(demoSystems)) await clear?.(place);
  await forgetSettings(place, 'demo');
}
