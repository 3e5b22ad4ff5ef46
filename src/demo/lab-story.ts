import type { RunHandle } from '../client.ts';
import type { DemoScene } from './demo-system.ts';
import { complete, follow, heading, refused, tellProofs } from './follow.ts';
import type { Proof } from './parts.ts';
import type { DemoSshServer } from './ssh-server.ts';
import type { Outcome } from './story.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The lab machine of the story. */
export interface LabMachine {
  readonly machine: DemoSshServer;
  /** Puts a machine on its address: `lab-1` itself, or another one. */
  boot(name: string): Promise<DemoSshServer>;
  /** What its owner does: from then on it says that it holds this image. */
  install(image: string): Promise<void>;
}

const node = 'lab-1';
const image = 'course';

/** Confirms what is on lab-1 while the worker is killed, and refuses what is not there, what is another machine, and what a lab machine has not. */
export async function tellLab(scene: DemoScene, { machine, boot, install }: LabMachine): Promise<Outcome> {
  const { client, say, keep } = scene;
  let worker = await scene.startWorker({});
  say(`   a worker runs as process ${String(worker.pid)}`);
  const load = async () => await client.startLoad({ node, image, onFailure: 'unwind' });
  try {
    heading(say, `Its owner has installed ${image} on lab-1`);
    await install(image);
    say('   • /root/currentimage.txt of lab-1 names it, as on every machine that was cloned from a captured image');

    heading(say, 'Load it, while lab-1 hangs, and kill the worker meanwhile');
    await machine.freeze();
    const waiting = await load();
    worker = await killWhileItHangs(scene, waiting, { worker, machine });
    const confirmed = await complete(waiting, say);
    const ready = await client.nodeStatus(node);

    heading(say, 'Its owner installs other-course, and nobody told Imprint');
    await install('other-course');
    const other = await refused(await load(), say);

    heading(say, 'Another machine answers at its address');
    await install(image);
    await boot('stranger');
    const stranger = await client.nodeStatus(node);
    const strange = await refused(await load(), say);

    heading(say, 'Its own machine is back; somebody wants to capture it, and to power it off');
    await boot('lab-1');
    const capturing = await refused(await client.startCapture({ node, image: 'lab', author: 'demo' }), say);
    const power = await refused(await client.power({ node, action: 'off', force: true }), say);
    const again = await complete(await load(), say);

    heading(say, 'Look at lab-1');
    const after = await client.nodeStatus(node);
    const { state } = await client.catalog.computers.get(node);
    const proofs: readonly Proof[] = [
      {
        what: 'the load confirmed what is there',
        holds: ready.status === 'READY',
        found: ready.reasons['status'] ?? '',
      },
      { what: 'another image was refused', holds: other.includes('is expected'), found: other },
      { what: 'another machine was not believed', holds: stranger.ssh === false, found: stranger.reasons['ssh'] ?? '' },
      { what: 'nor was anything loaded on it', holds: strange.includes('lab has no loading'), found: strange },
      { what: 'no capture', holds: capturing.includes('lab has no capturing'), found: capturing },
      { what: 'no power without a power module', holds: power.includes('has no power module'), found: power },
      { what: 'the node is as it was', holds: state === 'available', found: state },
      {
        what: 'node_status of lab-1 says READY',
        holds: after.status === 'READY',
        found: after.reasons['status'] ?? '',
      },
    ];
    tellProofs(proofs, say);
    return { runs: [confirmed, again], images: [image], proofs };
  } finally {
    if (!keep) await worker.stop();
  }
}

async function killWhileItHangs(
  scene: DemoScene,
  run: RunHandle<unknown>,
  { worker, machine }: { readonly worker: WorkerProcess; readonly machine: DemoSshServer },
): Promise<WorkerProcess> {
  const { say } = scene;
  const asks = (number: string): boolean => number === '2';
  await follow(run, {
    say,
    told: new Set(),
    until: ({ steps }) => steps.some(({ number, state }) => asks(number) && state === 'running'),
  });
  await worker.kill();
  say(`   ✘ SIGKILL to worker ${String(worker.pid)} while lab-1 lets it wait`);
  await machine.thaw();
  const next = await scene.startWorker({});
  say(`   lab-1 answers again, and another worker runs as process ${String(next.pid)}`);
  return next;
}
