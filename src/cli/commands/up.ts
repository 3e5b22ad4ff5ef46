import { join } from 'node:path';
import type { Command } from 'commander';
import { startPlatform, type Platform } from '../../platform/platform.ts';
import { addCommand } from '../command.ts';
import { processEnvironment } from '../environment.ts';
import { forgetLocalWorker, prepareLocalWorker, type LocalWorkerSettings } from '../local-worker-settings.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts';

export function addUpCommand(program: Command, session: Session): void {
  addCommand(program, 'up', {
    summary:
      'bring the platform up on this machine: Temporal with its UI, PostgreSQL and one worker; Ctrl-C stops them',
    examples: ['imprint up', 'npm start'],
  })
    .addHelpText(
      'after',
      '\nWhat is configured already (TEMPORAL_ADDRESS, DATABASE_URL) is used, and not stopped. Everything it starts lives in the state\ndirectory: IMPRINT_STATE_DIR, or .imprint in the checkout.',
    )
    .action(async (options: OutputOptions) => {
      const stopped = stopRequested(session);
      const platform = await startPlatform();
      try {
        await runHere(session, { platform, options, stopped });
      } finally {
        await platform.stop();
      }
    });
}

interface Up {
  readonly platform: Platform;
  readonly options: OutputOptions;
  readonly stopped: Promise<'stopped'>;
}

/** Keeps a worker running until it is told to stop: where one ends by itself, another takes its work up. */
async function runHere(session: Session, { platform, options, stopped }: Up): Promise<void> {
  const settings = await prepareLocalWorker(platform.state, processEnvironment);
  const log = join(await platform.state.directory('log'), 'worker.log');
  const start = async () => await startWorkerProcess({ ...settings, ...platform.environment }, log);
  let worker: WorkerProcess = await start();
  try {
    const about = { platform, settings, worker, log };
    printResult(session, options, describe(about), sentences(about));
    for (;;) {
      const what = await Promise.race([stopped, worker.ended]);
      if (what === 'stopped') return;
      session.terminal.complain(`The worker ended (${what}); starting another.`);
      worker = await start();
    }
  } finally {
    await worker.stop();
    await forgetLocalWorker(platform.state);
  }
}

async function stopRequested({ signals }: Session): Promise<'stopped'> {
  return await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) signals.once(signal, () => resolve('stopped'));
  });
}

interface WhatIsUp {
  readonly platform: Platform;
  readonly settings: LocalWorkerSettings;
  readonly worker: WorkerProcess;
  /** Of the worker. */
  readonly log: string;
}

function describe({ platform, settings, worker, log }: WhatIsUp): unknown {
  return {
    temporalAddress: platform.temporalAddress,
    temporalNamespace: platform.temporalNamespace,
    temporalUi: platform.temporalUiUrl,
    stateDirectory: platform.state.path,
    managementNode: settings.IMPRINT_MANAGEMENT_NODE,
    library: settings.IMPRINT_LIBRARY,
    workerPid: worker.pid,
    workerLog: log,
  };
}

function sentences({ platform, settings, worker, log }: WhatIsUp): string {
  const node = settings.IMPRINT_MANAGEMENT_NODE;
  return [
    ...platform.summary,
    `Worker      process ${String(worker.pid)}, management node ${node}, library ${settings.IMPRINT_LIBRARY}`,
    `            its log: ${log}`,
    '',
    'Everything is up. In another terminal, in this checkout, no settings are needed:',
    `  npm run imprint -- nodes add sim-1 --management-node ${node} --system simulated --address 127.0.0.1 --memory 1024 --cpus 1`,
    '  npm run imprint -- nodes list',
    'Ctrl-C stops what was started here.',
  ].join('\n');
}
