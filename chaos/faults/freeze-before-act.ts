import { lives } from '../../test/support/lives.ts';
import type { Fault, Struck } from '../fault.ts';
import type { Stage } from '../stage.ts';
import { parseCall, type OrderedCall } from '../ordered-call.ts';
import { eventually } from '../waiting.ts';
import { carriedOut } from './carried-out.ts';

/** How long it takes at most: what the server has handed to a worker that stands still comes back after a heartbeat time-out, a few times. */
const mostMs = 120_000;

export const freezeBeforeAct: Fault = {
  kind: 'worker frozen before an act',
  about:
    'a worker stops itself (SIGSTOP) between the proof of its claim and the act; SIGCONT when another worker has done it',
  weight: 2,
  // Else the attempt that follows would be stopped, too.
  oneAtATime: true,
  strike: async (stage) => await freeze(stage, '', isDone),
};

/** The act that does most harm when it comes late: the machine may be in use by then. */
export const freezeBeforePowerOff: Fault = {
  kind: 'worker frozen before a power-off',
  about: 'the same, before it cuts the power of a machine that is to be loaded; SIGCONT when that run is over',
  weight: 1,
  oneAtATime: true,
  strike: async (stage) => await freeze(stage, 'loading.steps.stop.act', isOver),
};

/** Whether the time has come to go on, for a worker that stood still before this call. */
type Until = (stage: Stage, call: OrderedCall) => Promise<boolean>;

const isDone: Until = async ({ imprint }, { run, activityId }) => {
  const { raw } = await imprint.temporal.workflow.getHandle(run).describe();
  return !(raw.pendingActivities ?? []).some((pending) => pending.activityId === activityId);
};

const isOver: Until = async ({ imprint }, { run }) => (await imprint.catalog.runs.find(run))?.state !== 'running';

async function freeze(stage: Stage, where: string, until: Until): Promise<Struck> {
  const what = await carriedOut(stage.orders, 'freeze', where);
  if (what === undefined) return { what };
  const call = parseCall(what);
  // Another fault may kill it meanwhile.
  const goesOn = async () => (!lives(call.pid) || (await until(stage, call)) ? true : undefined);
  const done = await eventually(goesOn, mostMs, stage.over.signal);
  if (lives(call.pid)) process.kill(call.pid, 'SIGCONT');
  return { what: `worker ${what}${done === undefined ? ', and nobody did it instead' : ''}` };
}
