import { access, writeFile } from 'node:fs/promises';
import type { NodeStatus } from '../domain/node-status.ts';
import type { DemoScene } from './demo-system.ts';
import { complete, heading, refused, tellProofs, type Say } from './follow.ts';
import type { FrrRouter } from './frr-router.ts';
import type { Proof } from './parts.ts';
import type { SlowFrrReload } from './slow-frr-reload.ts';
import type { Outcome } from './story.ts';
import { until } from './until.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The routers of the story. */
export interface Routers {
  /** Captured over SSH. */
  readonly source: FrrRouter;
  readonly target: FrrRouter;
  /** Of `target`. */
  readonly slow: SlowFrrReload;
}

const image = 'demo-edge';
const byHand = [
  'ip route 10.99.0.0/16 blackhole',
  'ip prefix-list LAN seq 5 permit 10.0.0.0/8 le 24',
  'interface lo',
  'ip address 192.0.2.1/32',
  'ip ospf area 0.0.0.0',
  'exit',
  'router ospf',
  'ospf router-id 192.0.2.1',
];

/** Captures what somebody has configured on edge-1, loads it on edge-2 while the worker is killed, and lets edge-2 drift and lose a daemon. */
export async function tellRouters(scene: DemoScene, routers: Routers): Promise<Outcome> {
  const { client, say, keep } = scene;
  const { source, target } = routers;
  let worker = await scene.startWorker({});
  say(`   a worker runs as process ${String(worker.pid)}`);
  try {
    heading(say, 'Configure edge-1 by hand, as an administrator would; edge-2 runs something else');
    await source.configure(...byHand);
    await target.configure('ip route 10.1.0.0/16 blackhole');
    say('   • edge-1: a route, a prefix list, an address of lo in OSPF');

    heading(say, `Capture edge-1 as ${image}, over SSH and while it runs`);
    const before = await source.running();
    const captured = await client.startCapture({ node: 'edge-1', image, operatingSystem: 'frr', author: 'demo' });
    const capture = await complete(captured, say);
    const untouched = (await source.running()) === before;

    heading(say, `Load ${image} on edge-2, and kill the worker with the configuration half applied`);
    const half = await loadThroughKill(scene, routers, worker);
    worker = half.worker;
    const loaded = await client.nodeStatus('edge-2');

    heading(say, 'Somebody takes a route off edge-2 by hand; it is loaded again');
    await target.configure('no ip route 10.99.0.0/16 blackhole');
    const drifted = await client.nodeStatus('edge-2');
    tellStatus(drifted, say);

    const again = await complete(await client.startLoad({ node: 'edge-2', image }), say);

    heading(say, 'Its OSPF daemon dies: FRR would take the configuration, say nothing, and not apply it');
    await target.stopDaemon('ospfd');
    const crippled = await target.running();
    const why = await refused(await client.startLoad({ node: 'edge-2', image, onFailure: 'unwind' }), say);
    const after = await target.running();
    await target.restart();
    say('   • the daemons are started again');

    heading(say, 'Look at both routers');
    const same = withoutHost(await target.running()) === withoutHost(await source.running());
    const proofs: readonly Proof[] = [
      { what: 'edge-1 went on as it was', holds: untouched, found: `${String(before.split('\n').length - 1)} lines` },
      {
        what: 'no worker ran while it was half applied',
        holds: half.wasHalf,
        found: 'the old route and the first new one',
      },
      { what: 'the run went on, and edge-2 was READY', holds: loaded.status === 'READY', found: reasonOf(loaded) },
      { what: 'the change by hand was seen', holds: drifted.status === 'RELOAD', found: reasonOf(drifted) },
      { what: 'the load without ospfd was refused', holds: why.includes('ospfd'), found: why },
      {
        what: 'and nothing of edge-2 was touched by it',
        holds: after === crippled,
        found: 'the same text, byte by byte',
      },
      { what: 'edge-2 runs what edge-1 runs', holds: same, found: 'the same text, but for what is the host’s' },
      await proveReady(scene),
    ];
    tellProofs(proofs, say);
    return { runs: [capture, half.run, again], images: [image], proofs };
  } finally {
    if (!keep) await worker.stop();
  }
}

/** Kills the worker when one line was applied, and lets the rest follow once another worker runs. */
async function loadThroughKill(
  scene: DemoScene,
  { target, slow }: Routers,
  worker: WorkerProcess,
): Promise<{ readonly worker: WorkerProcess; readonly wasHalf: boolean; readonly run: string }> {
  const { client, say } = scene;
  const load = await client.startLoad({ node: 'edge-2', image });
  await until('the configuration is being applied', async () => {
    await access(slow.begun);
    return true;
  });
  await worker.kill();
  say(`   ✘ SIGKILL to worker ${String(worker.pid)} when the first line was applied`);
  const running = await target.running();
  const wasHalf = running.includes('10.1.0.0/16') && running.includes('10.99.0.0/16');
  say(`   no worker runs, and edge-2 runs ${wasHalf ? 'half of each: the old route and the first new one' : running}`);
  const next = await scene.startWorker({});
  say(`   another worker runs as process ${String(next.pid)}; it waits for what is still being applied`);
  await writeFile(slow.go, '');
  return { worker: next, wasHalf, run: await complete(load, say) };
}

function tellStatus(status: NodeStatus, say: Say): void {
  say(`   imprint status edge-2: ${status.status}, ${reasonOf(status)}`);
  for (const line of (status.reasons['difference'] ?? '').split('\n')) say(`      ${line}`);
}

async function proveReady({ client }: DemoScene): Promise<Proof> {
  const status = await client.nodeStatus('edge-2');
  return { what: 'node_status of edge-2 says READY', holds: status.status === 'READY', found: reasonOf(status) };
}

function reasonOf({ reasons }: NodeStatus): string {
  return reasons['status'] ?? '';
}

/** What belongs to the host is not of the image. */
function withoutHost(running: string): string {
  return running.replaceAll(/^(no )?(ip|ipv6) forwarding\n|^hostname .*\n/gm, '');
}
