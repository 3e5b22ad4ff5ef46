import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startImprint } from '../test/support/imprint.ts';
import { startMortalPostgres, type MortalPostgres } from '../test/support/mortal-postgres.ts';
import { mountSmallDisk } from '../test/support/small-disk.ts';
import { startWorkerProcess } from '../test/support/worker-process.ts';
import { copyCheckout } from './checkout.ts';
import type { Mutation } from './controls/mutation.ts';
import { startCrew } from './crew.ts';
import { createLedger } from './ledger.ts';
import { createOrders, ordersVariable } from './orders.ts';
import type { SimulatedStage } from './simulated-stage.ts';

export interface StageOptions {
  readonly workers: number;
  readonly endMs: number;
  readonly mutation?: Mutation;
  say(line: string): void;
}

const libraryMebibytes = 256;

/** Starts Temporal, PostgreSQL and the workers (about 20 s). `strike` ends all of them and removes what they wrote. */
export async function setStage(
  options: StageOptions,
): Promise<{ readonly stage: SimulatedStage; strike(): Promise<void> }> {
  const undos: (() => Promise<unknown>)[] = [];
  const strike = async (): Promise<void> => {
    for (const undo of undos.splice(0).reverse()) await undo();
  };
  try {
    return { stage: await build(options, undos), strike };
  } catch (error) {
    await strike();
    throw error;
  }
}

async function build(
  { workers, mutation, endMs, say }: StageOptions,
  undos: (() => Promise<unknown>)[],
): Promise<SimulatedStage> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-chaos-'));
  undos.push(async () => await rm(directory, { recursive: true, force: true }));
  const mounted = mountSmallDisk(directory, libraryMebibytes);
  if (typeof mounted === 'string') say(`the library is never filled: ${mounted}`);
  else undos.push(async () => await Promise.resolve(mounted.unmount()));
  const databases: MortalPostgres[] = [];
  const startDatabase = async (): Promise<MortalPostgres> => {
    const database = await startMortalPostgres();
    databases.push(database);
    return database;
  };
  const imprint = await startImprint({
    directory: join(directory, 'imprint'),
    startDatabase,
    settings: typeof mounted === 'string' ? {} : { IMPRINT_LIBRARY: mounted.path },
  });
  undos.push(imprint.stop);
  const [postgres] = databases;
  if (postgres === undefined) throw new Error('no database was started');
  const program = await copyCheckout(join(directory, 'checkout'), mutation);
  const orders = join(directory, 'orders');
  const environment = { ...imprint.environment, IMPRINT_LOG_LEVEL: 'warn', [ordersVariable]: orders };
  const crew = await startCrew(
    workers,
    async () => await startWorkerProcess(environment, ['--import', 'tsx', program]),
  );
  undos.push(crew.stop);
  return {
    imprint,
    postgres,
    disk: typeof mounted === 'string' ? undefined : mounted,
    crew,
    orders: createOrders(orders),
    ledger: createLedger(),
    jobsKilled: [],
    endMs,
    over: new AbortController(),
    say,
  };
}
