import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest, Capturing, StagedImage, StepImplementation } from '../provisioner.ts';
import { awaitImaging } from './await-imaging.ts';
import { bootFromDisk, bootFromNetwork } from './boot-target.ts';
import { checkCapture } from './capture-check.ts';
import { captureOrder, fileOf } from './capture-order.ts';
import { capturePlan } from './capture-plan.ts';
import { findDisks, noteDisks } from './disks-noted.ts';
import { formatDefinition } from './image-definition.ts';
import type { ImagingReport } from './imaging.ts';
import type { Machine, OpenMachine } from './machine.ts';
import { confirmOff, findOff, forceOffForCapture, proveOff, takeOffNoteOver } from './off-proof.ts';
import { powerOffAfterImaging } from './power-off.ts';
import { startImaging, stopImaging } from './power-on.ts';

type Act = (machine: Machine, request: CaptureRequest, context: CallContext, step: PlanStep) => Promise<Evidence>;

/** Captures the disks of a machine that has shut down, by letting it read them itself. */
export function createCapturing(open: OpenMachine): Capturing {
  const bind =
    (act: Act): StepImplementation<CaptureRequest>['act'] =>
    (request, step, context) =>
      act(open(request.computer), request, context, step);
  return {
    check: (request, context) => checkCapture(open(request.computer), request, context),
    plan: async (request) => capturePlan(request, open(request.computer).settings),
    proveOff: async (request, noted, context) => {
      await proveOff(open(request.computer), request, noted, context);
    },
    staged: (request, context) => stagedImage(open(request.computer), request, context),
    steps: {
      proveOff: {
        act: bind((machine, request, context, step) =>
          takeOffNoteOver(machine, request, step.arguments['noted'], context),
        ),
      },
      askOff: { act: bind(askOff) },
      confirmOff: { act: bind(confirmOff) },
      forceOff: { act: bind(forceOffForCapture) },
      order: { act: bind(placeOrder), undo: bind(withdraw) },
      bootNetwork: { act: bind(toNetwork), undo: bind(toDisk) },
      start: { act: bind(start), undo: bind(stop) },
      image: { act: bind(image) },
      powerOff: { act: bind((machine, _request, context) => powerOffAfterImaging(machine, context)) },
      bootDisk: { act: bind(toDisk) },
      withdraw: { act: bind(withdraw) },
    },
  };
}

const askOff: Act = async ({ power, computer }, _request, context) => {
  await power.askOff(computer, context);
  return { asked: computer.name };
};

const placeOrder: Act = async (machine, request, context) => {
  const order = captureOrder(machine, request, await findDisks(request, context));
  await machine.imaging.order(order);
  return { order: order.step, cards: [...order.macAddresses] };
};

const withdraw: Act = async (machine, request) => {
  const order = captureOrder(machine, request);
  await machine.imaging.withdraw(order);
  return { withdrawn: order.step };
};

const toNetwork: Act = (machine, _request, context) => bootFromNetwork(machine, context);

const toDisk: Act = (machine, _request, context) => bootFromDisk(machine, context);

const start: Act = (machine, request, context) => startImaging(machine, captureOrder(machine, request), context);

const stop: Act = (machine, request, context) => stopImaging(machine, captureOrder(machine, request), context);

const image: Act = async (machine, request, context, { title }) => {
  let noted = await findDisks(request, context);
  const reported = async (report: ImagingReport): Promise<void> => {
    if (noted !== undefined || report.disks === undefined) return;
    await noteDisks(request, report.disks, context);
    noted = report.disks;
  };
  const order = captureOrder(machine, request, noted);
  return await awaitImaging(machine, { order, what: title, reported }, context);
};

async function stagedImage(machine: Machine, request: CaptureRequest, context: CallContext): Promise<StagedImage> {
  const off = await findOff(request, context);
  if (off === undefined)
    throw new IntegrityError(`describe what was copied of ${machine.computer.name}: no step saw it off`);
  const disks = await Promise.all(
    machine.settings.disks.map(async (disk) => {
      const file = fileOf(disk);
      const { sizeBytes } = await machine.capturedDisk(posix.join(request.staging, file));
      return { name: disk.name, file, format: 'chunks' as const, virtualSizeBytes: sizeBytes };
    }),
  );
  return { disks, definition: formatDefinition(machine), offSince: off.at, forced: off.forced };
}
