import { setTimeout as delay } from 'node:timers/promises';
import type { ImprintClient, RunHandle, RunProgress } from '../client.ts';
import { DeadlineError, NotReadyError } from '../domain/errors.ts';
import { complete, follow, heading, tellProofs, type Say } from './follow.ts';
import type { CopyOnHost, DemoParts, Proof } from './parts.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What the story needs, and how it starts a worker. */
export interface Stage {
  readonly client: ImprintClient;
  readonly parts: DemoParts;
  /** Whether the last worker goes on when the story is told. */
  readonly keepWorker: boolean;
  startWorker(): Promise<WorkerProcess>;
  readonly say: Say;
}

/** What came of it. */
export interface Outcome {
  readonly runs: readonly string[];
  /** Whose revisions the report shows. */
  readonly images: readonly string[];
  readonly proofs: readonly Proof[];
  /** Where the worker was killed in the middle of a copy. */
  readonly killed?: { readonly atFraction: number; readonly bytesCopiedTwice: number };
}

/** From which part of the copy on the worker may be killed. */
const killFrom = 0.3;

/**
 * Loads the base image on demo-1, configures it, captures it as demo-web, kills the worker in the middle of the copy, starts another, loads
 * demo-web on demo-2 and looks at what is there.
 */
export async function tellStory(stage: Stage): Promise<Outcome> {
  const { client, parts, say } = stage;
  let worker = await stage.startWorker();
  say(`   a worker runs as process ${String(worker.pid)}`);
  try {
    heading(say, 'Load the base image on demo-1');
    const first = await complete(await client.startLoad({ node: 'demo-1', image: 'base' }), say);

    heading(say, 'Configure demo-1 over SSH, as an administrator would');
    for (const line of await parts.configure()) say(`   • ${line}`);

    heading(say, 'Capture demo-1 as demo-web, and kill the worker while the copy runs');
    const capture = await client.startCapture({
      node: 'demo-1',
      image: 'demo-web',
      comment: 'web server of the demo',
      author: 'demo',
      after: 'leaveOff',
      copyRateBytes: parts.copyRateBytes,
    });
    const killed = await killInTheCopy(stage, capture, worker);
    worker = await stage.startWorker();
    say(`   another worker runs as process ${String(worker.pid)}`);
    await complete(capture, say, killed.told);
    const bytesCopiedTwice = await copiedTwice(client, capture.id, killed.copy);

    heading(say, 'Load demo-web on demo-2, which has another disk bus and network card');
    const second = await complete(await client.startLoad({ node: 'demo-2', image: 'demo-web' }), say);

    heading(say, 'Look at demo-2 over SSH');
    const proofs = [...(await parts.prove()), await proveReady(client), proveCopiedOnce(bytesCopiedTwice)];
    tellProofs(proofs, say);
    return {
      runs: [first, capture.id, second],
      images: ['base', 'demo-web'],
      proofs,
      killed: { atFraction: killed.copy.fraction, bytesCopiedTwice },
    };
  } finally {
    if (!stage.keepWorker) await worker.stop();
  }
}

/** Kills the worker with SIGKILL, and looks twice at the copy on its host while nobody drives it. */
async function killInTheCopy(
  { parts, say }: Stage,
  capture: RunHandle<unknown>,
  worker: WorkerProcess,
): Promise<{ readonly copy: CopyOnHost; readonly told: Set<string> }> {
  const told = new Set<string>();
  const seen = await follow(capture, { say, told, until: isInTheCopy });
  // A capture that ended before its copy had a middle says itself why.
  if (seen?.status !== 'RUNNING') await capture.result();
  await worker.kill();
  const before = await parts.copyWithoutWorker(capture.id);
  say(`   ✘ SIGKILL to worker ${String(worker.pid)} at ${percent(before)} of the copy`);
  const copy = await untilFurther(parts, capture.id, before);
  say(`   no worker runs, and the copy went on from ${percent(before)} to ${percent(copy)}`);
  return { copy, told };
}

function isInTheCopy({ activity }: RunProgress): boolean {
  const progress = activity?.progress;
  return progress?.job?.startsWith('copy-') === true && (progress.fraction ?? 0) >= killFrom;
}

async function untilFurther(parts: DemoParts, run: string, before: CopyOnHost): Promise<CopyOnHost> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const now = await parts.copyWithoutWorker(run);
    if (now.fraction >= before.fraction + 0.01) return now;
    await delay(200);
  }
  throw new DeadlineError('the copy did not go on without its worker');
}

/** The copy that ended is the one that was begun: its job has one start, and no second one was needed. */
async function copiedTwice(client: ImprintClient, run: string, killed: CopyOnHost): Promise<number> {
  const steps = await client.catalog.runs.steps(run);
  const copy = steps.find(
    ({ evidence }) => typeof evidence?.['job'] === 'string' && evidence['job'].startsWith('copy-'),
  );
  if (copy?.evidence === undefined) throw new NotReadyError(`run ${run} shows no copy`);
  const { startedAt, startedAgain, sourceBytes } = copy.evidence;
  const same = startedAt === killed.startedAt && startedAgain === undefined;
  return same ? 0 : Math.round(Number(sourceBytes ?? 0) * killed.fraction);
}

async function proveReady(client: ImprintClient): Promise<Proof> {
  const status = await client.nodeStatus('demo-2');
  return {
    what: 'node_status of demo-2 says READY',
    holds: status.status === 'READY',
    found: `${status.status}: ${status.reasons['status'] ?? ''}`,
  };
}

function proveCopiedOnce(bytes: number): Proof {
  return { what: 'no byte was copied twice', holds: bytes === 0, found: `${String(bytes)} bytes` };
}

function percent({ fraction }: CopyOnHost): string {
  return `${(fraction * 100).toFixed(1)} %`;
}
