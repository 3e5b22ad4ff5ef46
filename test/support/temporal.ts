import { mkdtemp, rm } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporalBinary } from '../../src/platform/temporal-binary.ts';
import { waitForTemporal } from '../../src/platform/temporal-connection.ts';
import { localNamespace, serverArguments } from '../../src/platform/temporal-server.ts';
import { freePort } from './free-port.ts';

/** A real Temporal dev server of one test process, on ports and a database file of its own. */
export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  /** Where its own UI is. */
  readonly uiUrl: string;
  /** SIGKILL, as a power cut; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and the same file. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server; 4 s on two slow cores. */
export async function startTemporal(): Promise<TestTemporal> {
  const binary = await findTemporalBinary(noState);
  if (binary === undefined) throw new Error('no temporal command: set IMPRINT_TEMPORAL_BINARY or put it into PATH');
  const directory = await mkdtemp(join(tmpdir(), 'imprint-test-temporal-'));
  const port = await freePort();
  const uiPort = await freePort();
  const args = serverArguments({ database: join(directory, 'temporal.db'), port, uiPort });
  const address = `127.0.0.1:${String(port)}`;
  const launch = async (): Promise<ChildProcess> =>
    await launchServer({ file: binary.path, args, address, log: join(directory, 'server.log') }, 3);
  let server = await launch();
  return {
    address,
    namespace: localNamespace,
    uiUrl: `http://127.0.0.1:${String(uiPort)}`,
    kill: async () => await end(server, 'SIGKILL'),
    restart: async () => {
      server = await launch();
    },
    stop: async () => {
      await end(server, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Nothing is downloaded or built for a test: only a binary that is there counts. */
const noState = join(tmpdir(), 'imprint-test-no-state');

interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly address: string;
  readonly log: string;
}

/** The server also takes ports that it chooses itself, and ends when somebody was faster: then it is started again, `tries` times in all. */
async function launchServer(launch: Launch, tries: number): Promise<ChildProcess> {
  const { file, args, address, log } = launch;
  const output = openSync(log, 'w');
  const server = spawn(file, [...args], { stdio: ['ignore', output, output] });
  closeSync(output);
  const place = { connectionOptions: { address }, namespace: localNamespace };
  try {
    await waitForTemporal(place, 90_000, async () => server.exitCode === null);
  } catch (error) {
    await end(server, 'SIGKILL');
    const said = readFileSync(log, 'utf8').slice(-2_000);
    if (tries > 1 && said.includes('address already in use')) return await launchServer(launch, tries - 1);
    throw new Error(`the Temporal server did not start: ${said}`, { cause: error });
  }
  // A test process that is ended from outside takes its server with it.
  process.once('exit', () => server.kill('SIGKILL'));
  return server;
}

/** Signals a process that this test started, and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
