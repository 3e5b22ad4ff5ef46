import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import { ConflictError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { LoadRequest, Loading, StepImplementation } from '../provisioner.ts';
import { awaitImaging, requireOrder } from './await-imaging.ts';
import { bootFromDisk, bootFromNetwork } from './boot-target.ts';
import { checkLoad } from './load-check.ts';
import { diskPairs, LOAD_ORDER, loadOrder } from './load-order.ts';
import { loadPlan } from './load-plan.ts';
import type { Machine, OpenMachine } from './machine.ts';
import { powerOffAfterImaging } from './power-off.ts';
import { restartIntoImaging, stopImaging } from './power-on.ts';

type Act = (machine: Machine, request: LoadRequest, context: CallContext, step: PlanStep) => Promise<Evidence>;

/** Loads an image onto a machine's disks, by letting it write them itself. Nothing of what was on them is kept. */
export function createLoading(open: OpenMachine): Loading {
  const bind =
    (act: Act): StepImplementation<LoadRequest>['act'] =>
    (request, step, context) =>
      act(open(request.computer), request, context, step);
  return {
    check: (request, context) => checkLoad(open(request.computer), request, context),
    plan: async (request) => loadPlan(request, diskPairs(open(request.computer), request)),
    steps: {
      order: { act: bind(placeOrder), undo: bind(withdraw) },
      bootNetwork: { act: bind(toNetwork), undo: bind(toDisk) },
      restart: { act: bind(restart), undo: bind(stop) },
      image: { act: bind(image) },
      powerOff: { act: bind(powerOff) },
      bootDisk: { act: bind(toDisk) },
      start: { act: bind(start), undo: bind(stop) },
      close: { act: bind(withdraw) },
    },
    unload: (computer, _fence, context) => unload(open(computer), context),
  };
}

/** The public host keys that the environment made for the system that this run has loaded; undefined when it reported none. */
export async function reportedHostKeys({ imaging }: Machine, { owner }: Fence): Promise<readonly string[] | undefined> {
  const progress = await imaging.progress({ run: owner, step: LOAD_ORDER });
  const keys = progress?.state === 'done' ? progress.report?.hostKeys : undefined;
  return keys === undefined || keys.length === 0 ? undefined : keys;
}

const placeOrder: Act = async (machine, request) => {
  const order = loadOrder(machine, request);
  await machine.imaging.order(order);
  return { order: order.step, cards: [...order.macAddresses] };
};

const withdraw: Act = async (machine, request) => {
  const order = loadOrder(machine, request);
  await machine.imaging.withdraw(order);
  return { withdrawn: order.step };
};

const toNetwork: Act = (machine, _request, context) => bootFromNetwork(machine, context);

const toDisk: Act = (machine, _request, context) => bootFromDisk(machine, context);

const restart: Act = (machine, request, context) => restartIntoImaging(machine, loadOrder(machine, request), context);

const stop: Act = (machine, request, context) => stopImaging(machine, loadOrder(machine, request), context);

const image: Act = (machine, request, context, { title }) =>
  awaitImaging(machine, { order: loadOrder(machine, request), what: title, reported: async () => undefined }, context);

/** Run again after the new system was started, it would cut that system's power: only the order tells that it has not been. */
const powerOff: Act = async (machine, request, context) => {
  await requireDone(machine, request);
  return await powerOffAfterImaging(machine, context);
};

const start: Act = async (machine, request, context) => {
  await requireDone(machine, request);
  const { power, computer } = machine;
  await power.on(computer, context);
  return { power: (await power.read(computer, context)).raw };
};

/** ConflictError while the disks are not written whole: such a system must not boot. */
async function requireDone(machine: Machine, request: LoadRequest): Promise<void> {
  const { state } = await requireOrder(machine, loadOrder(machine, request));
  if (state !== 'done') throw new ConflictError(`start ${machine.computer.name}: its disks are not written whole`);
}

async function unload({ power, computer }: { power: Machine['power']; computer: Computer }, context: CallContext) {
  await power.forceOff(computer, context);
  return { power: (await power.read(computer, context)).raw, disks: 'they keep what is on them until the next load' };
}
