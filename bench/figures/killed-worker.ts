import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { parseProgress } from '../../src/remote/qemu-img.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { median, rounded } from '../statistics.ts';
import { createOfflineMachine, type OfflineMachine } from '../support/offline-machine.ts';

/** What a copy loses when its worker is killed, and how soon the next one has it again. */
export const killedWorker: Benchmark = {
  name: 'killed-worker',
  about:
    'kill -9 of the worker at 10, 50 and 90 % of a real copy: bytes copied again, and time until the copy is attached again',
  needs: ['vm', 'sealCheck'],
  async measure(stage) {
    const dataMib = sized(stage, 1024, 64);
    const machine = await createOfflineMachine(stage, dataMib);
    try {
      return figuresOf(await killThreeTimes(stage, machine, dataMib), dataMib);
    } finally {
      await machine.stop();
    }
  },
};

/** Long enough that each of three workers attaches before the next kill. */
const copySeconds = 90;

interface Killed {
  /** When the copy says it began, of each look at it: one value unless it was begun again. */
  readonly began: ReadonlySet<string>;
  /** Seconds from each new worker's start. */
  readonly attached: readonly number[];
}

async function killThreeTimes(stage: Stage, machine: OfflineMachine, dataMib: number): Promise<Killed> {
  const { imprint, node, operatingSystem } = machine;
  const seconds = sized(stage, copySeconds, 40);
  const began = new Set<string>();
  const attached: number[] = [];
  let worker = await imprint.startWorker();
  const copyRateBytes = Math.ceil((dataMib * 1024 ** 2) / seconds);
  const run = await imprint.client.startCapture({ node, image: 'killed', operatingSystem, copyRateBytes });
  for (const share of sized(stage, [0.1, 0.5, 0.9], [0.1])) {
    began.add(await untilCopied(machine, share));
    await worker.kill();
    const started = Date.now();
    worker = await imprint.startWorker();
    const at = await attachedSince(machine, run.id, attached.length + 2);
    attached.push((at - started) / 1000);
    stage.say(
      `killed at ${String(share * 100)} %, attached again ${((at - started) / 1000).toFixed(1)} s after the start of the next`,
    );
  }
  await run.result();
  const copy = (await imprint.catalog.runs.steps(run.id)).find(({ title }) => title.startsWith('Copy '));
  began.add(z.string().parse(copy?.evidence?.['startedAt']));
  await worker.kill();
  return { began, attached };
}

/** Asks the job itself, on its host: nobody else knows it while no worker runs. Returns when it began. */
async function untilCopied({ disk }: OfflineMachine, share: number): Promise<string> {
  const directory = join(disk, '..', '.jobs');
  const [jobs, shell] = [createJobs(), createLocalShell()];
  const context = { signal: AbortSignal.timeout(300_000), progress: () => undefined };
  for (;;) {
    const name = (await readdir(directory).catch(() => [])).find((entry) => entry.endsWith('-copy-vda'));
    const state = name === undefined ? undefined : await jobs.read(shell, join(directory, name), context);
    if (state?.phase === 'ended' || state?.phase === 'lost') throw new Error(`the copy is ${state.phase} too early`);
    if (state?.phase === 'running' && (parseProgress(state.outputTail) ?? 0) >= share) return state.startedAt;
    await delay(200);
  }
}

/** When the copy's activity began this attempt, as Temporal's server says. */
async function attachedSince({ imprint }: OfflineMachine, run: string, attempt: number): Promise<number> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await delay(200)) {
    const { raw } = await imprint.temporal.workflow.getHandle(run).describe();
    const pending = raw.pendingActivities?.[0];
    const began = pending?.lastStartedTime;
    if ((pending?.attempt ?? 0) >= attempt && began) return Number(began.seconds) * 1000 + (began.nanos ?? 0) / 1e6;
  }
  throw new Error('the copy was not attached again within two minutes');
}

function figuresOf({ began, attached }: Killed, dataMib: number): readonly Figure[] {
  const what = `A real copy of ${String(dataMib)} MiB by qemu-img, held back to last ${String(copySeconds)} s; the worker process is killed with SIGKILL and the next one started at once.`;
  return [
    {
      id: 'copied-again',
      title: 'Bytes copied again after kill -9 of the worker at 10, 50 and 90 %',
      bar: { kind: 'at most', limit: 0 },
      unit: 'bytes',
      value: (began.size - 1) * dataMib * 1024 ** 2,
      comparison: { what: 'Apache VCL, killed once', value: 1_420_000_000, measured: 'once before' },
      samples: { 'times that the copy was begun': [began.size] },
      how: `${what} The job says when it began, at each kill and at its end; each further beginning counts as the whole disk.`,
    },
    {
      id: 'attached-again',
      title: "From the new worker's start to the copy being attached again, slowest of three",
      bar: { kind: 'at most', limit: 22 },
      unit: 's',
      value: rounded(Math.max(...attached)),
      comparison: { what: 'median', value: rounded(median(attached)), measured: 'same run' },
      samples: { 'seconds of each': attached.map(rounded) },
      how: `${what} The bar is the heartbeat timeout (15 s), the sticky timeout (5 s) and 2 s; the start of the process is counted in.`,
    },
  ];
}
