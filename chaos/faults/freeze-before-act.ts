import { setTimeout as sleep } from 'node:timers/promises';
import { lives } from '../../test/support/lives.ts';
import type { Fault, Struck } from '../fault.ts';
import type { Stage } from '../stage.ts';
import { eventually } from '../waiting.ts';

/** By then another worker has done what this one was about to do. */
const untilDone = { from: 24_000, to: 34_000 } as const;

/** By then the load is done and the machine runs. */
const untilLoaded = { from: 38_000, to: 55_000 } as const;

const takenMs = 20_000;

export const freezeBeforeAct: Fault = {
  kind: 'worker frozen before an act',
  about:
    'a worker stops itself (SIGSTOP) between the proof of its claim and the act; SIGCONT when its lease is long over',
  weight: 2,
  // Else the attempt that follows would be stopped, too.
  oneAtATime: true,
  strike: async (stage, random) => await freeze(stage, '', random.whole(untilDone.from, untilDone.to)),
};

/** The act that does most harm when it comes late: the machine may be in use by then. */
export const freezeBeforePowerOff: Fault = {
  kind: 'worker frozen before a power-off',
  about: 'the same, before it cuts the power of a machine that is to be loaded',
  weight: 1,
  oneAtATime: true,
  strike: async (stage, random) =>
    await freeze(stage, 'loading.steps.stop.act', random.whole(untilLoaded.from, untilLoaded.to)),
};

async function freeze({ orders }: Stage, where: string, frozenMs: number): Promise<Struck> {
  const order = orders.place('freeze', where);
  const what = await eventually(async () => await Promise.resolve(orders.taken(order)), takenMs);
  if (what === undefined) {
    orders.withdraw('freeze', order);
    return { what };
  }
  await sleep(frozenMs);
  const pid = Number(what.split(' ')[0]);
  // Another fault may have killed it meanwhile.
  if (lives(pid)) process.kill(pid, 'SIGCONT');
  return { what: `worker ${what}` };
}
