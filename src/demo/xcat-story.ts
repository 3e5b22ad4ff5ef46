import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoScene } from './demo-system.ts';
import { complete, follow, heading, refused, tellProofs } from './follow.ts';
import type { Proof } from './parts.ts';
import type { Outcome } from './story.ts';
import { until } from './until.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { XcatDouble } from './xcat-double/index.ts';

const operatingSystem = 'site-linux';

/** Captures rack-1 while the worker is killed, has a capture of rack-2 held whose imaging gave up, and goes on with it, refuses to overwrite a disk that must be kept, and loads rack-3. */
export async function tellRack(scene: DemoScene, double: XcatDouble): Promise<Outcome> {
  const { client, say, keep } = scene;
  let worker = await scene.startWorker({});
  say(`   a worker runs as process ${String(worker.pid)}`);
  try {
    heading(say, 'Capture rack-1 as demo-rack by the imaging environment of the site, and kill the worker meanwhile');
    const killed = await captureThroughKill(scene, double, worker);
    worker = killed.worker;

    heading(say, 'Capture rack-2 as demo-other, whose imaging gives up');
    await double.set(double.node('rack-2'), 'imaging-fails', '');
    const other = await captureHeld(scene, double);

    heading(say, 'Load demo-other on rack-1, whose disk is the source of a revision that nobody has loaded yet');
    const early = await client.startLoad({ node: 'rack-1', image: 'demo-other', onFailure: 'unwind' });
    const why = await refused(early, say);
    const untouched = (await diskOf(double, 'rack-1')) === installedOn('rack-1');

    heading(say, 'Load demo-rack on rack-3');
    await double.delay('deployment', 1);
    const load = await complete(await client.startLoad({ node: 'rack-3', image: 'demo-rack' }), say);

    heading(say, 'Look at the nodes');
    const proofs = [
      ...(await proveCaptures(double, killed)),
      { what: 'an imaging that gave up made no image', holds: other.why.includes('gave up'), found: other.why },
      {
        what: 'and was taken up where it failed: nobody asked rack-2 a second time to power off',
        holds: other.askedOff === 1,
        found: `asked ${String(other.askedOff)} time`,
      },
      {
        what: 'a disk that must be kept was not overwritten',
        holds: untouched && why.includes('must be kept'),
        found: why,
      },
      ...(await proveLoaded(scene, double)),
    ];
    tellProofs(proofs, say);
    return { runs: [killed.run, other.run, load], images: ['demo-rack', 'demo-other'], proofs };
  } finally {
    if (!keep) await worker.stop();
  }
}

interface Killed {
  readonly worker: WorkerProcess;
  readonly run: string;
  readonly before: number;
  readonly after: number;
}

async function captureThroughKill(scene: DemoScene, double: XcatDouble, worker: WorkerProcess): Promise<Killed> {
  const { client, say } = scene;
  await double.delay('imaging', 2);
  const run = await client.startCapture({ node: 'rack-1', image: 'demo-rack', operatingSystem, author: 'demo' });
  const file = join(double.repository, 'demo-rack-v1.img.gz');
  const grown = async (from: number) =>
    await until('the image grows', async () => {
      const { size } = await stat(file);
      return size > from ? size : undefined;
    });
  const before = await grown(0);
  await worker.kill();
  say(`   ✘ SIGKILL to worker ${String(worker.pid)} at ${String(before)} bytes of the image`);
  const after = await grown(before);
  say(`   no worker runs, and the imaging went on to ${String(after)} bytes`);
  const next = await scene.startWorker({});
  say(`   another worker runs as process ${String(next.pid)}`);
  await complete(run, say);
  await double.delay('imaging', 0);
  return { worker: next, run: run.id, before, after };
}

interface HeldCapture {
  readonly run: string;
  readonly why: string;
  /** How often the node was asked to power off. */
  readonly askedOff: number;
}

/** The run waits at the step that failed, until somebody has seen to it. */
async function captureHeld({ client, say }: DemoScene, double: XcatDouble): Promise<HeldCapture> {
  const run = await client.startCapture({ node: 'rack-2', image: 'demo-other', operatingSystem, author: 'demo' });
  const told = new Set<string>();
  const held = await follow(run, { say, told, until: ({ hold }) => hold !== undefined });
  const why = held?.hold?.reason ?? 'it was not held';
  say('   • the run is held: imprint runs held; somebody sees to the imaging environment, and says imprint runs retry');
  await run.answer('retry', { by: 'demo', reason: 'the imaging environment was seen to' });
  await complete(run, say, told);
  const softOff = `rpower ${double.node('rack-2')} softoff`;
  const askedOff = (await double.commands()).filter((command) => command === softOff).length;
  return { run: run.id, why, askedOff };
}

async function proveCaptures(double: XcatDouble, { before, after }: Killed): Promise<readonly Proof[]> {
  const [first, second] = [double.node('rack-1'), double.node('rack-2')];
  const events = await double.events();
  const imaged = events.filter((event) => event.startsWith(`${first} imaging`)).length;
  const booted = events.filter((event) => event === `${first} boot` || event === `${second} boot`);
  const power = await double.fact(first, 'power');
  return [
    {
      what: 'the imaging went on without a worker',
      holds: after > before,
      found: `${String(before)}, then ${String(after)} bytes`,
    },
    { what: 'and was done once', holds: imaged === 1, found: `${String(imaged)} times` },
    {
      what: 'no sealed system was booted',
      holds: booted.length === 0 && power === 'off',
      found: `rack-1 is ${power ?? 'unknown'}`,
    },
  ];
}

async function proveLoaded({ client }: DemoScene, double: XcatDouble): Promise<readonly Proof[]> {
  const disk = await diskOf(double, 'rack-3');
  const status = await client.nodeStatus('rack-3');
  return [
    { what: 'rack-3 has the disk of rack-1', holds: disk === installedOn('rack-1'), found: disk.trim() },
    {
      what: 'node_status of rack-3 says READY',
      holds: status.status === 'READY',
      found: status.reasons['status'] ?? '',
    },
  ];
}

/** What the story put on the disk of a node. */
export function installedOn(name: string): string {
  return `what somebody installed on ${name}\n`;
}

async function diskOf(double: XcatDouble, name: string): Promise<string> {
  return (await double.fact(double.node(name), 'disk')) ?? '';
}
