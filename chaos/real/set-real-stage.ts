import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startMortalPostgres, type MortalPostgres } from '../../test/support/mortal-postgres.ts';
import { startVmImprint, type VmImprint } from '../../test/support/vm-imprint.ts';
import { startWorkerProcess } from '../../test/support/worker-process.ts';
import { copyCheckout } from '../checkout.ts';
import { startCrew } from '../crew.ts';
import { createLedger } from '../ledger.ts';
import { createOrders, ordersVariable } from '../orders.ts';
import type { Standing } from '../play.ts';
import { watchCopies } from './copies.ts';
import type { RealStage } from './real-stage.ts';
import { startRelay, type Relay } from './relay.ts';

export interface RealStageOptions {
  readonly nodes: number;
  readonly workers: number;
  readonly endMs: number;
  say(line: string): void;
}

/**
 * Starts Temporal, PostgreSQL, a libvirt daemon of its own and the workers (a minute; more where the guest's image is not built yet). `strike`
 * ends all of them and removes what they wrote.
 */
export async function setRealStage(options: RealStageOptions): Promise<Standing<RealStage>> {
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

type Undos = (() => Promise<unknown>)[];

async function build({ nodes, workers, endMs, say }: RealStageOptions, undos: Undos): Promise<RealStage> {
  say('starting; the guest image is built first where there is none');
  const directory = await mkdtemp(join(tmpdir(), 'imprint-chaos-'));
  undos.push(async () => await rm(directory, { recursive: true, force: true }));
  const databases: MortalPostgres[] = [];
  const vm = await startVmImprint({
    startDatabase: async () => {
      const database = await startMortalPostgres();
      databases.push(database);
      return database;
    },
  });
  undos.push(vm.stop);
  const [postgres] = databases;
  if (postgres === undefined) throw new Error('no database was started');
  const relays = new Map<string, Relay>();
  for (let number = 1; number <= nodes; number += 1) {
    const relay = await addNode(vm, `vm-${String(number)}`);
    undos.push(relay.stop);
    relays.set(`vm-${String(number)}`, relay);
  }
  const copies = watchCopies(vm.library.root);
  undos.push(copies.stop);
  const program = await copyCheckout(join(directory, 'checkout'));
  const orders = join(directory, 'orders');
  const environment = { ...vm.environment, IMPRINT_LOG_LEVEL: 'warn', [ordersVariable]: orders };
  const startWorker = async () => await startWorkerProcess(environment, ['--import', 'tsx', program]);
  const crew = await startCrew(workers, startWorker);
  undos.push(crew.stop);
  const { client, temporal, server, catalog, library } = vm;
  return {
    imprint: { client, temporal, server, catalog, library: library.root },
    ...{ vm, postgres, crew, copies, relays, endMs, say },
    orders: createOrders(orders),
    ledger: createLedger(),
    copiesKilled: [],
    hostAway: [],
    over: new AbortController(),
  };
}

/** A domain whose SSH port is reached through a relay. What a load replaces does not hear the power button: nobody waits long for it. */
async function addNode(vm: VmImprint, name: string): Promise<Relay> {
  const hostPort = await freePort();
  const network = { kind: 'user', forwards: [{ hostPort, guestPort: 22 }] };
  const { sshPort } = await vm.addNode(name, { network, shutdownSeconds: 10 });
  return await startRelay(sshPort, hostPort);
}
