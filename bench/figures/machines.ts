import { freePort } from '../../test/support/free-port.ts';
import type { StepRecord } from '../../src/domain/run.ts';
import { startVmImprint, type VmImprint } from '../../test/support/vm-imprint.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import type { Figure } from '../results.ts';
import { median, rounded } from '../statistics.ts';
import { startCountingProxy, type CountingProxy } from '../support/counting-proxy.ts';

const node = 'vm-1';

/** Whole loads and a whole capture of a real guest. */
export const machines: Benchmark = {
  name: 'machines',
  about:
    'a load, a capture and a load of what was captured, on an emulated Debian guest: where the time goes, and SSH connections',
  needs: ['vm', 'sealCheck', 'ssh'],
  async measure(stage) {
    stage.say('starting; the guest image is built first where there is none');
    const imprint = await startVmImprint();
    try {
      const hostPort = await freePort();
      const network = { kind: 'user', forwards: [{ hostPort, guestPort: 22 }] };
      const { sshPort } = await imprint.addNode(node, { network });
      const proxy = await startCountingProxy(sshPort, hostPort);
      try {
        return await measureRuns(stage, imprint, proxy);
      } finally {
        await proxy.stop();
      }
    } finally {
      await imprint.stop();
    }
  },
};

async function measureRuns(stage: Stage, imprint: VmImprint, proxy: CountingProxy): Promise<readonly Figure[]> {
  const worker = await imprint.startWorker();
  const observed = { stage, imprint, proxy };
  const loads = [await observe(observed, 'load', 'base')];
  const latencies = await startLatencies(observed);
  const captures = [await observe(observed, 'capture', 'bench')];
  if (!stage.quick) loads.push(await observe(observed, 'load', 'bench'));
  await worker.kill();
  return [
    timeFigure('load', loads),
    timeFigure('capture', captures),
    connectionFigure('load', loads),
    connectionFigure('capture', captures),
    latencyFigure(latencies),
  ];
}

interface Observation {
  readonly stage: Stage;
  readonly imprint: VmImprint;
  readonly proxy: CountingProxy;
}

type What = 'load' | 'capture';

/** One run, in seconds. */
interface Observed {
  readonly whole: number;
  /** Parts that are not Imprint's, by what they are. */
  readonly parts: Readonly<Record<string, number>>;
  readonly connections: number;
  /** Of them, those on which the machine spoke. */
  readonly answered: number;
}

async function observe({ stage, imprint, proxy }: Observation, what: What, image: string): Promise<Observed> {
  proxy.cut();
  const before = { opened: proxy.opened.length, answered: proxy.answered.length };
  const run =
    what === 'load'
      ? await imprint.client.startLoad({ node, image })
      : await imprint.client.startCapture({ node, image, author: 'bench' });
  await run.result();
  const { created, ended = '' } = await imprint.catalog.runs.get(run.id);
  const steps = await imprint.catalog.runs.steps(run.id);
  const answers = proxy.answered.slice(before.answered);
  const observed = {
    whole: (Date.parse(ended) - Date.parse(created)) / 1000,
    parts: what === 'load' ? partsOfLoad(steps, answers[0] ?? 0) : partsOfCapture(steps),
    connections: proxy.opened.length - before.opened,
    answered: answers.length,
  };
  stage.say(
    `${what} of ${image}: ${observed.whole.toFixed(1)} s, ${outside(observed).toFixed(1)} s of it Imprint's own`,
  );
  return observed;
}

function partsOfLoad(steps: readonly StepRecord[], answered: number): Record<string, number> {
  const started = steps.find(({ title }) => title.startsWith('Start '))?.endedAt ?? '';
  const check = steps.filter(({ evidence }) => evidence?.['provedBy'] === 'sha256');
  return {
    clone: seconds(steps.filter(({ title }) => title.startsWith('Make the disk'))),
    'full checksum': seconds(check),
    'boot, until SSH spoke': (answered - Date.parse(started)) / 1000,
  };
}

function partsOfCapture(steps: readonly StepRecord[]): Record<string, number> {
  return {
    'shutdown of the guest': seconds(steps.filter(({ title }) => title.includes('has powered off'))),
    copy: seconds(steps.filter(({ title }) => title.startsWith('Copy '))),
    checksum: seconds(steps.filter(({ number }) => number === '6.2')),
  };
}

function seconds(steps: readonly StepRecord[]): number {
  return (
    steps.reduce((sum, { startedAt, endedAt = startedAt }) => sum + Date.parse(endedAt) - Date.parse(startedAt), 0) /
    1000
  );
}

function outside({ whole, parts }: Observed): number {
  return whole - Object.values(parts).reduce((sum, part) => sum + part, 0);
}

/** Ten loads of what is loaded already: claim, then at once the status of the node, over a new connection. Milliseconds. */
async function startLatencies({ stage, imprint, proxy }: Observation): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let round = 0; round < sized(stage, 10, 2); round += 1) {
    proxy.cut();
    const before = proxy.opened.length;
    const asked = Date.now();
    const run = await imprint.client.startLoad({ node, image: 'base' });
    await run.result();
    latencies.push((proxy.opened[before] ?? Number.NaN) - asked);
  }
  return latencies;
}

const peer: Readonly<Record<What, { readonly seconds: number; readonly connections: number }>> = {
  load: { seconds: 110, connections: 82 },
  capture: { seconds: 290, connections: 187 },
};

function timeFigure(what: What, runs: readonly Observed[]): Figure {
  const own = runs.map((run) => rounded(outside(run)));
  const names = Object.keys(runs[0]?.parts ?? {});
  const parts = names.map((name) => [`seconds of: ${name}`, runs.map(({ parts: all }) => rounded(all[name] ?? 0))]);
  const left =
    what === 'load' ? 'the clone, a full checksum and the boot' : "the guest's shutdown and the copy with its checksum";
  return {
    id: `${what}-outside`,
    title: `A ${what}'s time outside ${left}`,
    bar: { kind: 'at most', limit: 10 },
    unit: 's',
    value: rounded(median(own)),
    comparison: { what: 'Apache VCL', value: peer[what].seconds, measured: 'once before' },
    samples: {
      'seconds outside': own,
      'seconds of the whole run': runs.map(({ whole }) => rounded(whole)),
      ...(Object.fromEntries(parts) as Record<string, number[]>),
    },
    how:
      what === 'load'
        ? 'Whole loads of an emulated Debian 12 with systemd. The boot lasts from the start of the domain until its SSH server spoke.'
        : 'A whole capture of an emulated Debian 12 with systemd, left off. Preparing the system inside the guest is counted in.',
  };
}

function connectionFigure(what: What, runs: readonly Observed[]): Figure {
  const answered = runs.map((run) => run.answered);
  return {
    id: `${what}-connections`,
    title: `SSH connections to the node of a whole ${what}`,
    bar: { kind: 'at most', limit: 1 },
    unit: 'connections',
    value: Math.max(...answered),
    comparison: { what: 'Apache VCL', value: peer[what].connections, measured: 'once before' },
    samples: {
      'connections on which the machine spoke': answered,
      'connections that were opened': runs.map((run) => run.connections),
    },
    how: 'Counted by a proxy in front of the SSH port of the guest; connections of earlier runs are cut first. Those that were opened before the guest had booted, and were never answered, are listed, and not counted. The host of the virtual machines is the management node itself here and needs no connection.',
  };
}

function latencyFigure(latencies: readonly number[]): Figure {
  return {
    id: 'start-latency',
    title: 'From the start call to the first connection attempt to the node, median',
    bar: { kind: 'at most', limit: 1 },
    unit: 's',
    value: rounded(median(latencies) / 1000),
    comparison: { what: 'Apache VCL', value: 4.7, measured: 'once before' },
    samples: { milliseconds: [...latencies] },
    how: 'Loads of what is loaded already, each over a new connection: a proxy in front of the SSH port sees the connection.',
  };
}
