import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImprintClient, RunHandle, RunProgress } from '../client.ts';
import { NotReadyError } from '../domain/errors.ts';
import { ordersRoot, readOrder } from '../imaging/order-directory.ts';
import type { ImagingOrder } from '../imaging/order.ts';
import { frameAt, listFrames, withFile } from '../library/chunks/frames.ts';
import type { Shell } from '../remote/shell.ts';
import { configureNode, stayLoggedIn } from './administrator.ts';
import type { BareMachine } from './bare-machine.ts';
import type { DemoScene } from './demo-system.ts';
import { complete, describeProgress, follow, heading, tellProofs } from './follow.ts';
import { createNodeShells, type NodeShells } from './node-shells.ts';
import type { Proof } from './parts.ts';
import type { Outcome } from './story.ts';
import { compare, identify, survey, type Identity } from './survey.ts';
import { until } from './until.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The machines of the story. */
export interface BareMetal {
  /** `demo-1`: it has a system on its disk. */
  readonly source: BareMachine;
  /** `demo-2`: it has an empty disk, which is larger. */
  readonly target: BareMachine;
  /** File of the key that opens both. */
  readonly privateKey: string;
  /** By which a worker serves machines that boot over the network. */
  readonly workerSettings: Readonly<Record<string, string>>;
}

const image = 'demo-web';
/** From which part of an imaging on it is disturbed. */
const disturbFrom = 0.3;

/** Powers demo-1 on, captures it while the worker is killed, and loads the image on demo-2, which somebody resets meanwhile. */
export async function tellBareMetal(scene: DemoScene, lab: BareMetal): Promise<Outcome> {
  const { client, say, keep } = scene;
  const nodes = createNodeShells(client.catalog, lab.privateKey);
  const session = new AbortController();
  let worker = await scene.startWorker(lab.workerSettings);
  say(`   a worker runs as process ${String(worker.pid)}; it serves machines that boot over the network`);
  try {
    heading(say, 'Power demo-1 on, through its controller');
    const power = await powerOn(scene, lab.source);

    heading(say, 'Configure demo-1 over SSH, as an administrator would');
    const captured = await configure(scene, nodes, session.signal);

    heading(say, `Capture demo-1 as ${image}, and kill the worker while the machine sends its disk`);
    const killed = await captureThroughKill(scene, lab, worker);
    worker = killed.worker;

    heading(say, `Load ${image} on demo-2, whose disk is larger, and reset the machine while it writes`);
    const load = await loadThroughReset(scene, lab.target);

    heading(say, 'Look at demo-2 over SSH, and into the library');
    const proofs = [
      ...(await proveLoaded(nodes, captured, session.signal)),
      await proveReady(client),
      ...(await proveSentOnce(scene, killed)),
      await proveNothingOrdered(scene),
    ];
    tellProofs(proofs, say);
    return { runs: [power, killed.run, load], images: [image], proofs };
  } finally {
    session.abort();
    await nodes.close();
    if (!keep) await worker.stop();
  }
}

/** Returns the run. From then on the catalog knows the host keys that the machine shows on its console. */
async function powerOn({ client, say }: DemoScene, machine: BareMachine): Promise<string> {
  const before = await client.nodeStatus('demo-1');
  say(`   imprint status demo-1: ${before.reasons['rpower'] ?? ''}`);
  const run = await complete(await client.power({ node: 'demo-1', action: 'on', force: false }), say);
  const hostKeys = await machine.hostKeys();
  await client.catalog.computers.edit('demo-1', () => ({ hostKeys }));
  say('   • read its host keys from its console: imprint nodes edit demo-1 --host-key …');
  const after = await client.nodeStatus('demo-1');
  say(`   imprint status demo-1: ${after.reasons['rpower'] ?? ''}; boot target: ${after.nodeset ?? 'unknown'}`);
  return run;
}

async function configure({ say }: DemoScene, nodes: NodeShells, signal: AbortSignal): Promise<Identity> {
  const { shell, hostKeys } = await nodes.to('demo-1');
  const identity = await until(
    'sshd of demo-1 answers',
    async () => await identify(shell, hostKeys, signal),
    5 * 60_000,
  );
  for (const line of await configureNode(shell, signal)) say(`   • ${line}`);
  stayLoggedIn(shell, signal);
  say('   • logged in as student, and did not log out');
  return identity;
}

interface Killed {
  readonly worker: WorkerProcess;
  readonly run: string;
  /** Of each chunk that was there when the worker was killed: where it begins in the file, and its digest. */
  readonly there: ReadonlyMap<number, string>;
}

async function captureThroughKill(scene: DemoScene, lab: BareMetal, worker: WorkerProcess): Promise<Killed> {
  const { client, say } = scene;
  const run = await client.startCapture({
    ...{ node: 'demo-1', image, operatingSystem: 'debian12', author: 'demo', comment: 'web server of the demo' },
    after: 'leaveOff',
  });
  const told = new Set<string>();
  const seen = await followInto(run, told, scene);
  await worker.kill();
  const there = await chunksThere(await stagedFile(scene, run.id));
  say(`   ✘ SIGKILL to worker ${String(worker.pid)}: ${describeProgress(seen)}`);
  say(`   no worker runs, and demo-1 waits; ${String(there.size)} chunks of its disk are in the library`);
  const next = await scene.startWorker(lab.workerSettings);
  say(`   another worker runs as process ${String(next.pid)}, and demo-1 asks it how to go on`);
  await complete(run, say, told);
  return { worker: next, run: run.id, there };
}

async function loadThroughReset(scene: DemoScene, machine: BareMachine): Promise<string> {
  const { client, say } = scene;
  const run = await client.startLoad({ node: 'demo-2', image });
  const told = new Set<string>();
  const seen = await followInto(run, told, scene);
  await machine.reset();
  say(`   ✘ somebody presses the reset button of demo-2: ${describeProgress(seen)}`);
  return await complete(run, say, told);
}

/** Tells a run until its machine has moved a part of its disk. One that ended before says itself why. */
async function followInto(run: RunHandle<unknown>, told: Set<string>, { say }: DemoScene): Promise<RunProgress> {
  const inTheMiddle = ({ activity }: RunProgress): boolean =>
    activity?.progress?.bytesTotal !== undefined && (activity.progress.fraction ?? 0) >= disturbFrom;
  const seen = await follow(run, { say, told, until: inTheMiddle });
  if (seen?.status === 'RUNNING') return seen;
  await run.result();
  throw new NotReadyError(`run ${run.id} was over before anything could happen in its middle`);
}

/** Where the machine's disk is written to while the run goes on. */
async function stagedFile({ directories: { library } }: DemoScene, run: string): Promise<string> {
  const placed = await readOrder(library, { run, step: 'capture-disks' });
  if (placed === undefined) throw new NotReadyError(`run ${run} has no order for demo-1`);
  return fileOf(placed.order);
}

function fileOf({ work: { disks } }: ImagingOrder): string {
  return disks[0]?.file ?? '';
}

/** What is whole so far; a chunk that was being written has a torn end. */
async function chunksThere(file: string): Promise<ReadonlyMap<number, string>> {
  return await withFile(file, async (handle) => {
    const { size } = await handle.stat();
    const found = new Map<number, string>();
    for (let at = 0; ;) {
      const frame = await frameAt(handle, at, size);
      if (frame === undefined) return found;
      if (frame.header.kind === 'data') found.set(at, frame.header.sha256);
      at = frame.end;
    }
  });
}

async function proveSentOnce({ directories: { library } }: DemoScene, { there }: Killed): Promise<readonly Proof[]> {
  const { layout, frames } = await listFrames(join(library, `${image}-v1`, 'vda.chunks'));
  const kept = frames.filter(({ at, header }) => there.get(at) === header.sha256).length;
  const [all, each] = [layout.chunks.length, frames.length];
  return [
    {
      what: 'what was there when the worker was killed was not written again',
      holds: there.size > 0 && kept === there.size && kept < all,
      found: `${String(kept)} of ${String(there.size)} chunks lie where they lay`,
    },
    { what: 'the image has each chunk once', holds: each === all, found: `${String(each)} of ${String(all)}` },
  ];
}

async function proveLoaded(nodes: NodeShells, captured: Identity, signal: AbortSignal): Promise<readonly Proof[]> {
  const { shell, hostKeys } = await nodes.to('demo-2');
  const loaded = await identify(shell, hostKeys, signal);
  return [...(await survey(shell, signal)), ...compare(captured, loaded), await proveGrown(shell, signal)];
}

/** The disk of demo-1 has two gibibytes, that of demo-2 three. */
async function proveGrown(shell: Shell, signal: AbortSignal): Promise<Proof> {
  const options = { signal, timeoutMs: 60_000 };
  const { stdout } = await shell.run('df', ['--output=size', '-B1', '/'], options);
  const gibibytes = Number(stdout.trim().split('\n').at(-1)) / 1024 ** 3;
  return {
    what: 'the root file system has grown with the disk',
    holds: gibibytes > 2.7,
    found: `${gibibytes.toFixed(2)} GiB, on a disk of 3 GiB`,
  };
}

async function proveReady(client: ImprintClient): Promise<Proof> {
  const status = await client.nodeStatus('demo-2');
  return {
    what: 'node_status of demo-2 says READY',
    holds: status.status === 'READY' && status.nodeset === 'boot',
    found: `${status.reasons['status'] ?? ''}; it boots from its ${status.nodeset === 'boot' ? 'disk' : 'network'}`,
  };
}

async function proveNothingOrdered({ directories: { library } }: DemoScene): Promise<Proof> {
  const left = await readdir(ordersRoot(library));
  return { what: 'no order for a machine is left', holds: left.length === 0, found: left.join(', ') || 'none' };
}
