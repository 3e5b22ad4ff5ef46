import { join } from 'node:path';
import { copyCheckout } from '../../chaos/checkout.ts';
import type { Mutation } from '../../chaos/controls/mutation.ts';
import { startTurningWorker, type TurningWorker } from './turning-worker.ts';

type Changes = Mutation['changes'];

/** Workers of one program in several versions. They cache no workflow, so each of a run's tasks comes to any of those that poll. */
export interface Versions {
  readonly previous: TurningWorker;
  /** Has one more activity in the middle of a capture and of a load, guarded by `patched`. */
  readonly present: TurningWorker;
  /** The same change without its guard. */
  readonly unguarded: TurningWorker;
}

const uncached: Changes = [
  {
    file: 'src/worker/temporal-workers.ts',
    find: "stickyQueueScheduleToStartTimeout: '5 seconds',",
    by: 'maxCachedWorkflows: 0,',
  },
];

/** The activity is one that every version has. */
const look = (indent: string, when: string): string =>
  `${indent}${when}await catalog('Look again').listPrepared({ run: workflowInfo().workflowId, node, step: { number: '5.99', title: 'Look again' } });\n`;

function oneMoreActivity(when: string): Changes {
  const imports = "import { patched, workflowInfo } from '@temporalio/workflow';\n";
  const [capture, load] = ['src/workflows/capture-image.ts', 'src/workflows/load-onto.ts'];
  const [afterCapture, afterLoad] = ['    // 6. Verify the copy: structure, checksum, seal.\n', '  // 6 to 8.\n'];
  const [fromCapture, fromLoad] = [
    "import { giveBack } from './give-back.ts';\n",
    "import type { Steps } from './steps.ts';\n",
  ];
  return [
    { file: capture, find: fromCapture, by: `${fromCapture}import { catalog } from './activities.ts';\n${imports}` },
    { file: capture, find: afterCapture, by: `${look('    ', when)}${afterCapture}` },
    { file: load, find: fromLoad, by: `${fromLoad}${imports}` },
    { file: load, find: afterLoad, by: `${look('  ', when)}${afterLoad}` },
  ];
}

/** Makes the versions below `directory` and starts a worker of each; none polls yet. `environment` is that of a worker. */
export async function startVersions(
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<Versions & { stop(): Promise<void> }> {
  const start = async (name: keyof Versions, changes: Changes): Promise<TurningWorker> => {
    const checkout = join(directory, name);
    await copyCheckout(checkout, { name, about: name, faults: [], changes: [...uncached, ...changes] });
    return await startTurningWorker(join(checkout, 'test/support/turning-worker-child.ts'), environment);
  };
  const [previous, present, unguarded] = await Promise.all([
    start('previous', []),
    start('present', oneMoreActivity("if (patched('drill-look-again')) ")),
    start('unguarded', oneMoreActivity('')),
  ]);
  const stop = async (): Promise<void> => {
    for (const worker of [previous, present, unguarded]) await worker.kill();
  };
  return { previous, present, unguarded, stop };
}
